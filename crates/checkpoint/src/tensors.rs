//! Tensors of a `.safetensors` file, and the choice of one.

use std::path::Path;

use safetensors::{Dtype, SafeTensors};

use crate::array::{Kind, RawArray};
use crate::error::{Argument, Mend};
use crate::{Error, File, npy};

/// Opens the one array of a `.npy` file, or the tensor of a `.safetensors` file called `name`.
///
/// Without a name, the only tensor that is `suitable` is taken, if it is the only one.
pub(crate) fn open<'a>(
    file: &'a File,
    name: Option<&str>,
    argument: Option<Argument>,
    suitable: impl Fn(Kind, &[usize]) -> bool,
) -> Result<RawArray<'a>, Error> {
    if file.bytes().starts_with(npy::MAGIC) {
        return match name {
            None => npy::parse(file.path(), file.bytes()),
            Some(name) => Err(Error::Tensor {
                path: file.path().to_owned(),
                problem: format!("a .npy file holds one array without a name, not {name:?}"),
                mend: argument.map_or_else(
                    || "save it by itself".into(),
                    |argument| Mend::with("leave ", argument, " out"),
                ),
            }),
        };
    }
    let tensors = Tensors::parse(file)?;
    match name {
        Some(name) => tensors.get(name, argument),
        None => tensors.only(argument, suitable),
    }
}

/// The tensors of one file.
pub(crate) struct Tensors<'a> {
    path: &'a Path,
    file: &'a [u8],
    inner: SafeTensors<'a>,
}

impl<'a> Tensors<'a> {
    pub(crate) fn parse(file: &'a File) -> Result<Self, Error> {
        let (path, bytes) = (file.path(), file.bytes());
        if bytes.get(8) != Some(&b'{') {
            let begins = String::from_utf8_lossy(&bytes[..bytes.len().min(8)]).into_owned();
            return Err(Error::Format { path: path.to_owned(), begins });
        }
        let broken = |reason| Error::SafeTensors { path: path.to_owned(), reason };
        check_offsets(bytes).map_err(broken)?;
        let inner = SafeTensors::deserialize(bytes).map_err(|error| broken(error.to_string()))?;
        Ok(Self { path, file: bytes, inner })
    }

    /// All names, in order.
    pub(crate) fn names(&self) -> Vec<&str> {
        let mut names = self.inner.names();
        names.sort_unstable();
        names
    }

    pub(crate) fn path(&self) -> &'a Path {
        self.path
    }

    /// The tensor of that name.
    pub(crate) fn get(
        &self,
        name: &str,
        argument: Option<Argument>,
    ) -> Result<RawArray<'a>, Error> {
        let path = || self.path.to_owned();
        let Ok(view) = self.inner.tensor(name) else {
            let problem = format!("it has no tensor {name:?}");
            return Err(Error::Tensor {
                path: path(),
                problem,
                mend: choose(argument, &self.names()),
            });
        };
        let place = format!("{}, tensor {name:?}", self.path.display());
        let Some(kind) = kind(view.dtype()) else {
            let got = format!("{:?}", view.dtype()).to_lowercase();
            let want = "f16, bf16, f32, f64 or whole numbers";
            return Err(Error::Elements { place, got, want });
        };
        let data = view.data();
        let offset = data.as_ptr() as usize - self.file.as_ptr() as usize;
        let (shape, fortran, big_endian) = (view.shape().to_vec(), false, false);
        Ok(RawArray { place, kind, shape, fortran, big_endian, data, offset })
    }

    /// The only tensor that is suitable.
    fn only(
        &self,
        argument: Option<Argument>,
        suitable: impl Fn(Kind, &[usize]) -> bool,
    ) -> Result<RawArray<'a>, Error> {
        let fits = |name: &&str| {
            let view = self.inner.tensor(name);
            view.is_ok_and(|view| kind(view.dtype()).is_some_and(|k| suitable(k, view.shape())))
        };
        let names = self.names();
        let fitting: Vec<&str> = names.iter().copied().filter(fits).collect();
        match *fitting {
            [name] => self.get(name, argument),
            [] => Err(Error::Tensor {
                path: self.path.to_owned(),
                problem: "no tensor of it has the right type and shape".into(),
                mend: choose(argument, &names),
            }),
            _ => Err(Error::Tensor {
                path: self.path.to_owned(),
                problem: format!("{} of its tensors could be meant", fitting.len()),
                mend: choose(argument, &fitting),
            }),
        }
    }
}

/// What to do where a tensor could not be chosen, by the argument that would choose it; there is
/// none for files of which only one tensor is ever read.
fn choose(argument: Option<Argument>, names: &[&str]) -> Mend {
    let names = list(names);
    match argument {
        None => format!("save it in a file of its own, apart from {names}").into(),
        Some(argument) => Mend::with("choose with ", argument, format!(" among {names}")),
    }
}

/// Names for a message; a checkpoint has thousands.
pub(crate) fn list(names: &[&str]) -> String {
    const SHOWN: usize = 12;
    let shown = names[..names.len().min(SHOWN)].join(", ");
    match names.len().checked_sub(SHOWN) {
        Some(more @ 1..) => format!("{shown} and {more} more"),
        _ if names.is_empty() => "(there are none)".into(),
        _ => shown,
    }
}

fn kind(dtype: Dtype) -> Option<Kind> {
    Some(match dtype {
        Dtype::F16 => Kind::F16,
        Dtype::BF16 => Kind::Bf16,
        Dtype::F32 => Kind::F32,
        Dtype::F64 => Kind::F64,
        Dtype::U8 => Kind::U8,
        Dtype::U16 => Kind::U16,
        Dtype::U32 => Kind::U32,
        Dtype::U64 => Kind::U64,
        Dtype::I8 => Kind::I8,
        Dtype::I16 => Kind::I16,
        Dtype::I32 => Kind::I32,
        Dtype::I64 => Kind::I64,
        _ => return None,
    })
}

/// Refuses tensors that end beyond the file, before `safetensors` 0.8 adds the header's length to
/// the last end: eight tensors of 2⁶¹ bytes overflow that sum.
fn check_offsets(file: &[u8]) -> Result<(), String> {
    let length = file.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
    let header = usize::try_from(length).ok().and_then(|n| file.get(8..)?.get(..n));
    let Some(header) = header else {
        return Err(format!("a header of {length} bytes in a file of {}", file.len()));
    };
    let tensors: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(header).map_err(|error| format!("header: {error}"))?;
    for (name, info) in &tensors {
        let end = info.get("data_offsets").and_then(|offsets| offsets.get(1));
        if end.and_then(serde_json::Value::as_u64).is_some_and(|end| end > file.len() as u64) {
            return Err(format!("tensor {name:?} ends beyond the file"));
        }
    }
    Ok(())
}
