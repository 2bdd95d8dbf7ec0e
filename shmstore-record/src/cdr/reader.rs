//! From a message to the bytes of values.

use std::borrow::Cow;

use super::{DecodeError, HEAD, NOTHING, Node};

/// Reads one message from its start to its end.
pub(crate) struct Reader<'m> {
    body: &'m [u8],
    at: usize,
}

impl<'m> Reader<'m> {
    pub(crate) fn start(message: &'m [u8]) -> Result<Self, DecodeError> {
        match message.split_at_checked(HEAD.len()) {
            Some((head, body)) if head == HEAD => Ok(Self { body, at: 0 }),
            _ => Err(DecodeError::Head { head: message[..message.len().min(HEAD.len())].to_vec() }),
        }
    }

    pub(crate) fn end(self) -> Result<(), DecodeError> {
        let is_empty = self.at == 0;
        match self.body.len() - self.at {
            0 if is_empty => Err(self.short()),
            1 if is_empty && self.body == NOTHING => Ok(()),
            0 => Ok(()),
            left => Err(DecodeError::Left { left }),
        }
    }

    fn short(&self) -> DecodeError {
        DecodeError::Short { len: self.body.len() + HEAD.len() }
    }

    fn take(&mut self, align: usize, len: usize) -> Result<&'m [u8], DecodeError> {
        let start = self.at.next_multiple_of(align);
        let taken = start.checked_add(len).and_then(|end| self.body.get(start..end)).ok_or_else(|| self.short())?;
        self.at = start + len;
        Ok(taken)
    }

    fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_le_bytes(self.take(4, 4)?.try_into().expect("4 bytes")))
    }

    /// Returns the bytes of a value of `size` bytes. They are those of the message where both are the same.
    pub(crate) fn value(&mut self, node: &Node, size: usize) -> Result<Cow<'m, [u8]>, DecodeError> {
        if let Some(same) = self.same(node, size, 1)? {
            return Ok(Cow::Borrowed(same));
        }
        let mut value = vec![0; size];
        self.read(node, &mut value)?;
        Ok(Cow::Owned(value))
    }

    /// Returns the bytes of the elements of a list of at most `capacity`.
    pub(crate) fn list(
        &mut self,
        element: &Node,
        stride: usize,
        capacity: usize,
    ) -> Result<Cow<'m, [u8]>, DecodeError> {
        let len = self.len(capacity)?;
        if let Some(same) = self.same(element, stride, len)? {
            return Ok(Cow::Borrowed(same));
        }
        let mut elements = vec![0; len * stride];
        self.all(element, stride, &mut elements)?;
        Ok(Cow::Owned(elements))
    }

    /// The length of a list.
    fn len(&mut self, capacity: usize) -> Result<usize, DecodeError> {
        let len = self.u32()? as usize;
        if len > capacity {
            return Err(DecodeError::TooLong { len: len as u64, capacity: capacity as u64 });
        }
        Ok(len)
    }

    /// Takes `count` elements, if they are the same in the message from here on.
    fn same(&mut self, element: &Node, stride: usize, count: usize) -> Result<Option<&'m [u8]>, DecodeError> {
        let Some(align) = element.repeats(stride) else { return Ok(None) };
        let starts_here = matches!(element, Node::Plain { .. }) || self.at % align == 0;
        if count == 0 || !starts_here {
            return Ok(None);
        }
        let len = stride.checked_mul(count).ok_or_else(|| self.short())?;
        self.take(align, len).map(Some)
    }

    fn all(&mut self, element: &Node, stride: usize, elements: &mut [u8]) -> Result<(), DecodeError> {
        // Without this, a list of nothing would be walked. It may have any length.
        if elements.is_empty() || element.has_no_bytes() {
            return Ok(());
        }
        if let Some(same) = self.same(element, stride, elements.len() / stride)? {
            elements.copy_from_slice(same);
            return Ok(());
        }
        elements.chunks_exact_mut(stride).try_for_each(|one| self.read(element, one))
    }

    pub(crate) fn read(&mut self, node: &Node, value: &mut [u8]) -> Result<(), DecodeError> {
        match node {
            Node::Plain { size, align } => {
                if *size > 0 {
                    value[..*size].copy_from_slice(self.take(*align, *size)?);
                }
            }
            Node::Struct { size, same: Some(align), .. } if self.at % align == 0 => {
                value[..*size].copy_from_slice(self.take(1, *size)?);
            }
            Node::Struct { fields, .. } => {
                for (offset, node) in fields {
                    self.read(node, &mut value[*offset..])?;
                }
            }
            Node::Array { len, stride, element } => self.all(element, *stride, &mut value[..len * stride])?,
            Node::Text { capacity } => {
                let with_end = self.u32()? as usize;
                let len = with_end.checked_sub(1).ok_or(DecodeError::NoEnd)?;
                if len > *capacity {
                    return Err(DecodeError::TooLong { len: len as u64, capacity: *capacity as u64 });
                }
                let text = self.take(1, with_end)?;
                if text[len] != 0 {
                    return Err(DecodeError::NoEnd);
                }
                value[..4].copy_from_slice(&(len as u32).to_le_bytes());
                value[4..4 + len].copy_from_slice(&text[..len]);
            }
            Node::List { capacity, stride, element } => {
                let len = self.len(*capacity)?;
                value[..8].copy_from_slice(&(len as u64).to_le_bytes());
                self.all(element, *stride, &mut value[8..8 + len * stride])?;
            }
            Node::Time => {
                let (seconds, rest) = (self.u32()? as i32, self.u32()?);
                if rest >= 1_000_000_000 {
                    return Err(DecodeError::Invalid(format!("a time with {rest} nanoseconds in its last second")));
                }
                let nanoseconds = i64::from(seconds) * 1_000_000_000 + i64::from(rest);
                value[..8].copy_from_slice(&nanoseconds.to_le_bytes());
            }
            Node::Nothing => {}
        }
        Ok(())
    }
}
