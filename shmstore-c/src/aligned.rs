//! Memory for a value, aligned as its type in C.

use shmstore::schema::OwnedSchema;

/// The bytes of a value.
pub(crate) struct Aligned {
    memory: Vec<u8>,
    start: usize,
    len: usize,
}

impl Aligned {
    /// A copy of the bytes of a value.
    pub(crate) fn copy(bytes: &[u8], schema: &OwnedSchema) -> Self {
        let align = usize::try_from(schema.align()).expect("the alignment of a value in memory");
        let mut memory = vec![0; bytes.len() + align];
        // Memory on the heap does not move.
        let start = memory.as_ptr().align_offset(align);
        memory[start..start + bytes.len()].copy_from_slice(bytes);
        Self { memory, start, len: bytes.len() }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }
}
