//! Version after version, for tasks.

use std::fmt;
use std::future::Future;

use crate::error::WaitError;

/// A wait for a newer version that can begin anew.
pub trait Repeat: Future<Output = Result<(u64, Self::Value), WaitError>> + Unpin {
    type Value;

    /// Waits for a version newer than `seen` from now on.
    fn see(&mut self, seen: u64);
}

/// Waits for one version of a value after another. [`Versioned::changes`](crate::Versioned::changes) and
/// [`Entry::changes`](crate::map::Entry::changes) return it.
///
/// [`next`](Self::next) returns the newest version each time. Of versions that are stored in quick succession, it skips
/// all but the last, and the number of the version shows how many it skipped.
///
/// With the feature `futures-core` it is a `Stream` of the same results. The stream ends after an error after which
/// nothing can come: [`WaitError::Removed`], [`WaitError::AnchorLost`], [`WaitError::EntryRemoved`] and
/// [`WaitError::NoThread`].
///
/// ```
/// use shmstore::Versioned;
///
/// # pollster::block_on(async {
/// let position = Versioned::<[f64; 3]>::default();
/// let mut changes = position.changes();
/// for step in 0..3 {
///     position.store([1.0, 2.0, f64::from(step)]); // most often another process
///     let (version, value) = changes.next().await?;
///     println!("version {version}: {value:?}");
/// }
/// # Ok::<(), shmstore::WaitError>(()) }).unwrap();
/// ```
#[must_use = "changes do nothing unless they are awaited"]
pub struct Changes<W> {
    newer: W,
    #[cfg(feature = "futures-core")]
    is_over: bool,
}

impl<W: Repeat> Changes<W> {
    pub(in crate::sync) fn new(newer: W) -> Self {
        Self {
            newer,
            #[cfg(feature = "futures-core")]
            is_over: false,
        }
    }

    /// Waits until there is a version newer than the last one that was returned, and returns the newest version and its
    /// value. If the future is dropped, the next call goes on where it was.
    ///
    /// # Errors
    ///
    /// As the future of [`Versioned::newer`](crate::Versioned::newer). After [`WaitError::InvalidValue`] and
    /// [`WaitError::NeverWhole`], the next call tries the same version again.
    pub async fn next(&mut self) -> Result<(u64, W::Value), WaitError> {
        let (version, value) = (&mut self.newer).await?;
        self.newer.see(version);
        Ok((version, value))
    }
}

#[cfg(feature = "futures-core")]
impl<W: Repeat> futures_core::Stream for Changes<W> {
    type Item = W::Output;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let Self { newer, is_over } = self.get_mut();
        if *is_over {
            return std::task::Poll::Ready(None);
        }
        let changed = std::task::ready!(std::pin::Pin::new(&mut *newer).poll(context));
        match &changed {
            Ok((version, _)) => newer.see(*version),
            Err(WaitError::InvalidValue(_) | WaitError::NeverWhole { .. }) => {}
            Err(_) => *is_over = true,
        }
        std::task::Poll::Ready(Some(changed))
    }
}

impl<W: fmt::Debug> fmt::Debug for Changes<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Changes").field(&self.newer).finish()
    }
}
