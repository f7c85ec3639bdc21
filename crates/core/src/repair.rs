//! Makes any table of choices feasible. To come.
