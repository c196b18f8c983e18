//! Threads that serve connections and do nothing else. What the controller does in one go, such as judging a whole fleet,
//! takes a second; on shared threads nobody may look at the sockets meanwhile, and reviews and probes wait for it.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime for listeners. It ends when it is dropped.
pub(super) struct ServingThreads(Option<Runtime>);

impl ServingThreads {
    /// Starts as many threads as the runtime of the caller has.
    pub(super) fn start() -> io::Result<Self> {
        let threads = Handle::current().metrics().num_workers();
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(threads).thread_name("serve").enable_all().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Where to spawn what runs on these threads.
    pub(super) fn handle(&self) -> Handle {
        self.0.as_ref().map_or_else(Handle::current, |runtime| runtime.handle().clone())
    }
}

impl Drop for ServingThreads {
    fn drop(&mut self) {
        // Waiting for threads is not allowed where futures run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
