//! The language against its definitions: brute force over the user's variables.

mod compilation;
mod decoding;
mod operators;
mod penalties;
mod random;
mod relaxation;
mod slack_free;
mod states;
