//! LA-004: what is allowed for a while says which rule, and its day has not come and is in sight.

use crate::config::Config;
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::workspace::Workspace;

pub(super) static RULE: Rule = Rule {
    id: "LA-004",
    title: "allowances are used, have not run out, and will before long",
    why: "An exception without an end is the rule's end, and a day that nobody here will see is none; one that lets off \
          nothing hides the next violation. The last day lies no further ahead than `horizon_days` of [expiry], 366 where \
          it says nothing. An entry whose day is past or out of sight lets off nothing.",
    fix: "Mend what the entry allowed and remove it. A new day needs a new reason.",
    blind: "whether the reason is a good one, and a day that is put off again before it comes. Today is the day in UTC \
            by the clock of the machine.",
    severity: Severity::Blocking,
    absence: true,
    example: Example {
        law: "",
        bad: &[("layers.toml", EXPIRED)],
        good: &[("layers.toml", CURRENT)],
        finds: "ran out on 1969-12-31",
    },
    check,
};

const EXPIRED: &str = "[[allow]]\nrule = \"LA-201\"\nfile = \"crates/a/src/lib.rs\"\nreason = \"it moves out\"\n\
                       owner = \"storage\"\nuntil = \"1969-12-31\"\n";
const CURRENT: &str = "[[allow]]\nrule = \"LA-201\"\nfile = \"crates/a/src/lib.rs\"\nreason = \"it moves out\"\n\
                       owner = \"storage\"\nuntil = \"1970-12-31\"\n";

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let last = config.last_day(workspace.today);
    let mut checked = Checked::new();
    for entry in &config.allowances {
        checked.matched += 1;
        let what = format!("{} {}", entry.rule, entry.file);
        let place = Place::file(CONFIG);
        if Rule::get(&entry.rule).is_none() {
            checked.report(place, what, format!("[[allow]] names {}, which is no rule", entry.rule));
        } else if entry.until < workspace.today {
            let message =
                format!("[[allow]] {what} ran out on {}; mend it and remove the entry", entry.until);
            checked.report(place, what, message);
        } else if entry.until > last {
            let until = entry.until;
            let message = format!("[[allow]] {what} until {until} is out of sight; name a day up to {last}");
            checked.report(place, what, message);
        }
    }
    Some(checked)
}
