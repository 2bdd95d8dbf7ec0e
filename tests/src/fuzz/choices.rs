//! Bytes as decisions. When there are no more, all is 0.

#[derive(Debug)]
pub struct Choices<'a> {
    left: &'a [u8],
}

impl<'a> Choices<'a> {
    pub fn of(input: &'a [u8]) -> Self {
        Self { left: input }
    }

    /// Whether there is nothing left to decide.
    pub fn is_done(&self) -> bool {
        self.left.is_empty()
    }

    pub fn byte(&mut self) -> u8 {
        let Some((&byte, left)) = self.left.split_first() else { return 0 };
        self.left = left;
        byte
    }

    /// A number of two bytes, to be a place.
    pub fn wide(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    pub fn below(&mut self, count: usize) -> usize {
        let number = if count > 256 { self.wide() } else { self.byte().into() };
        number % count.max(1)
    }

    pub fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.below(all.len())]
    }

    /// True once in so many times.
    pub fn one_in(&mut self, times: usize) -> bool {
        // An input that is too short decides for what is usual.
        !self.is_done() && self.below(times) == 0
    }

    /// A number of those at which things break, or any.
    pub fn number(&mut self) -> u64 {
        match self.byte() % 8 {
            0 => 0,
            1 => u64::MAX,
            2 => self.byte().into(),
            3 => 1 << (self.byte() % 64),
            4 => (1_u64 << (self.byte() % 64)).wrapping_sub(1),
            5 => self.wide() as u64,
            6 => u64::from(self.byte()).wrapping_neg(),
            _ => (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte())),
        }
    }

    /// So many bytes, from a few: all of one pattern.
    pub fn pattern(&mut self, len: usize) -> Vec<u8> {
        let seed = self.number() | u64::from(self.one_in(2));
        let style = self.byte() % 4;
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        };
        let byte = |_| match style {
            0 => 0,
            1 => next(),
            2 => next() & 1,
            _ => seed as u8,
        };
        (0..len).map(byte).collect()
    }
}
