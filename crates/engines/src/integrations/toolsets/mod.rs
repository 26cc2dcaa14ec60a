//! Toolsets: what may be selected, how agents see it, and what their calls of it become.

mod change;
mod lookup;
mod mirror;
mod offer;
mod search;
mod selection;

pub use change::{MAX_KEYS, MAX_TOOLS, ToolsetChange, ToolsetEngine, check_count};
pub use lookup::{by_name, for_uri};
pub use mirror::check_mirrored;
pub use offer::{call_arguments, offered, told};
pub use search::{MOST_FOUND, relevance};
pub use selection::select;
