//! `--timings`: where the time of a run went.

use std::time::{Duration, Instant};

use super::audit::Run;
use crate::rules;

/// Reading, judging, and each rule once more by itself, the slowest first.
pub(super) fn text(run: &Run) -> String {
    let [begun, read, judged] = run.times;
    let mut rules: Vec<(Duration, &str)> = rules::all()
        .filter(|rule| run.selection.holds(rule.id))
        .filter_map(|rule| {
            let begun = Instant::now();
            // Only the time counts, of the rules that the law switches on.
            (rule.check)(&run.workspace, &run.config).map(|_| (begun.elapsed(), rule.id))
        })
        .collect();
    rules.sort_by(|a, b| b.cmp(a));
    let mut text = format!("{:>8.1} ms read\n{:>8.1} ms judged\n", ms(read - begun), ms(judged - read));
    for (took, rule) in rules {
        text.push_str(&format!("{:>8.1} ms {rule}\n", ms(took)));
    }
    text
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}
