//! What stories about Surety share: the stage that they play on, tenants of their own, how answers and reports are
//! read, and the runner that plays them side by side. The stories themselves are in `tests/`.

mod answer;
mod ground;
mod report;
pub mod runner;
mod stage;
pub mod velero;

pub use answer::{admitted, refused, warned};
pub use ground::{Ground, NAMESPACE, Rule};
pub use report::{Finding, Report};
pub use stage::{BREAK_GLASS_GROUP, PROBED, SOON, Stage, WITHDRAWN};
