//! weir: captures in, one wide row per flow out.

pub mod capture;
pub mod decode;
pub mod flow;
pub mod plugins;
mod prefetch;
pub mod schema;
pub mod sink;
