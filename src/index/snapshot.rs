//! One writer publishes worlds; readers take a consistent one without waiting.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::core::world::World;

/// The newest published world.
#[derive(Clone, Debug)]
pub struct Snapshots(Arc<ArcSwap<World>>);

impl Snapshots {
    /// Starts with `world`.
    pub fn new(world: World) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(world)))
    }

    /// The newest world.
    pub fn current(&self) -> Arc<World> {
        self.0.load_full()
    }

    /// Publishes a newer world. For the one writer.
    pub fn publish(&self, world: World) {
        self.0.store(Arc::new(world));
    }
}
