//! The newest frame of frames, as bytes.

use super::decode::Decoder;
use super::limits::Limits;
use super::memory::Memory;
use super::object::Object;
use super::part::PartError;
use super::value::Value;
use crate::layout::path::FieldPath;
use crate::layout::schema::{OwnedKind, OwnedSchema};

/// The newest frame of a [`Frames`](crate::Frames). [`Object::newest_frame`] returns it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewestFrame {
    /// Its number, from 1.
    pub number: u64,
    /// Its metadata. [`Value::Nothing`] if the type is `()`.
    pub meta: Value,
    /// The layout of an element.
    pub element: OwnedSchema,
    /// The bytes of its elements, one after the other.
    pub bytes: Vec<u8>,
}

/// What a part that is no `Frames` has not.
pub(super) const FRAMES: &str = "frames";

impl Object {
    /// Copies the newest frame of the frames at a path. `None` if there is none yet.
    ///
    /// All of it is of one frame. It pins nothing, and repeats the copy for at most [`Limits::wait`] while the slot is
    /// reused.
    ///
    /// ```
    /// use shmstore::inspect::{Limits, Object};
    /// use shmstore::{Frames, ShmObject, Store};
    ///
    /// #[derive(ShmObject)]
    /// #[repr(C)]
    /// #[shm(id = 'C')]
    /// struct Camera { images: Frames<[u8; 3], 64, 4, [u32; 2]> }
    ///
    /// # let dir = tempfile::tempdir()?;
    /// let store = Store::open(dir.path())?;
    /// let camera = store.create::<Camera>()?;
    /// let mut frame = camera.images.try_loan()?;
    /// frame.set_meta([2, 1]);
    /// frame.copy_from(&[[1, 2, 3], [4, 5, 6]])?;
    /// frame.publish()?;
    ///
    /// // Any other program, built without `Camera`:
    /// let object = Object::find(dir.path(), Some('C'))?;
    /// let newest = object.newest_frame(&"images".parse()?, &Limits::full())?.expect("a frame");
    /// assert_eq!((newest.number, newest.meta.to_string().as_str()), (1, "[2, 1]"));
    /// assert_eq!(newest.bytes, [1, 2, 3, 4, 5, 6]);
    /// # store.remove::<Camera>()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`PartError`] if there are no frames at the path, if the frame has more than [`Limits::bytes`], or if it cannot
    /// be read.
    pub fn newest_frame(&self, path: &FieldPath, limits: &Limits) -> Result<Option<NewestFrame>, PartError> {
        let part = self.part_of(path, FRAMES)?;
        let (mut bytes_of_meta, mut bytes) = (Vec::new(), Vec::new());
        let newest = self.reading(limits).newest_frame_into(&part, &mut bytes_of_meta, &mut bytes)?;
        let OwnedKind::Frames { element, meta, .. } = part.schema().kind() else { return Ok(None) };
        Ok(newest.map(|number| {
            let meta = Decoder::new(Memory::Copy(&bytes_of_meta), limits).all(meta);
            NewestFrame { number, meta, element: (**element).clone(), bytes }
        }))
    }
}
