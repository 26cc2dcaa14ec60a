//! Load: more than is served at a time, servers that hang, deadlines, and the end of a process under load.
//!
//! Figures of speed are ratios within one run, judged by the command and by no test. They need a machine that does
//! nothing else; how late it woke a sleeper meanwhile is told beside them.

pub(crate) mod deadlines;
mod detour;
mod gate;
pub(crate) mod isolation;
mod lateness;
mod ledgers;
pub(crate) mod overload;
mod sample;
mod scene;
pub(crate) mod shutdown;
