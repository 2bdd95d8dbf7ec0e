//! From the bytes of values to a message.

use super::{Encoded, HEAD, NOTHING, Node};

/// Appends one message to a buffer.
pub(crate) struct Writer<'a> {
    to: &'a mut Vec<u8>,
    /// Alignments count from here.
    origin: usize,
    encoded: Encoded,
}

impl<'a> Writer<'a> {
    pub(crate) fn start(to: &'a mut Vec<u8>) -> Self {
        to.extend_from_slice(&HEAD);
        Self { origin: to.len(), to, encoded: Encoded::Exact }
    }

    pub(crate) fn end(self) -> Encoded {
        if self.position() == 0 {
            self.to.extend_from_slice(&NOTHING);
        }
        self.encoded
    }

    fn position(&self) -> usize {
        self.to.len() - self.origin
    }

    fn align(&mut self, align: usize) {
        let end = self.origin + self.position().next_multiple_of(align);
        self.to.resize(end, 0);
    }

    fn u32(&mut self, number: u32) {
        self.align(4);
        self.to.extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn write(&mut self, node: &Node, value: &[u8]) {
        match node {
            Node::Plain { size, align } => {
                if *size > 0 {
                    self.align(*align);
                    self.to.extend_from_slice(&value[..*size]);
                }
            }
            Node::Struct { size, same: Some(align), .. } if self.position() % align == 0 => {
                self.to.extend_from_slice(&value[..*size]);
            }
            Node::Struct { fields, .. } => {
                for (offset, node) in fields {
                    self.write(node, &value[*offset..]);
                }
            }
            Node::Array { len, stride, element } => self.all(element, *stride, &value[..len * stride]),
            Node::Text { capacity } => self.text(value, *capacity),
            Node::List { capacity, stride, element } => {
                let len = u64::from_le_bytes(value[..8].try_into().expect("8 bytes")).min(*capacity as u64);
                self.list(element, *stride, len as usize, &value[8..8 + len as usize * stride]);
            }
            Node::Time => {
                let nanoseconds = i64::from_le_bytes(value[..8].try_into().expect("8 bytes"));
                let (seconds, rest) = (nanoseconds.div_euclid(1_000_000_000), nanoseconds.rem_euclid(1_000_000_000));
                let near = seconds.clamp(i32::MIN.into(), i32::MAX.into());
                if near != seconds {
                    self.encoded = Encoded::Changed;
                }
                self.u32(near as i32 as u32);
                self.u32(rest as u32);
            }
            Node::Nothing => {}
        }
    }

    /// Writes a list of `len` elements, whose bytes are `elements`.
    pub(crate) fn list(&mut self, element: &Node, stride: usize, len: usize, elements: &[u8]) {
        self.u32(len as u32);
        self.all(element, stride, elements);
    }

    fn all(&mut self, element: &Node, stride: usize, elements: &[u8]) {
        // Without this, a list of nothing would be walked. It may have any length.
        if elements.is_empty() {
            return;
        }
        if let Node::Plain { align, .. } = element {
            self.align(*align);
        }
        match element.repeats(stride) {
            Some(align) if self.position() % align == 0 => self.to.extend_from_slice(elements),
            _ => elements.chunks_exact(stride).for_each(|one| self.write(element, one)),
        }
    }

    fn text(&mut self, value: &[u8], capacity: usize) {
        let len = u32::from_le_bytes(value[..4].try_into().expect("4 bytes")) as usize;
        let bytes = &value[4..4 + len.min(capacity)];
        let text = String::from_utf8_lossy(bytes);
        let mut end = text.len().min(capacity);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        if text.as_bytes() != bytes {
            self.encoded = Encoded::Changed;
        }
        self.u32(end as u32 + 1);
        self.to.extend_from_slice(&text.as_bytes()[..end]);
        self.to.push(0);
    }
}
