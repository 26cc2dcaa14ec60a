//! LA-203: transactions begin and end where the law says.

use std::collections::HashSet;

use crate::config::{Config, Owner, Transactions};
use crate::finding::Place;
use crate::rules::{CONFIG, Checked, Example, Rule, Severity};
use crate::source::{Call, Handed, Position, SourceFile};
use crate::workspace::{Crate, Workspace};

pub(super) static RULE: Rule = Rule {
    id: "LA-203",
    title: "only the unit of work commits",
    why: "An operation commits whole or not at all. A rule or a driver that commits by itself leaves half of it behind \
          when the other half fails.",
    fix: "Take the open transaction as an argument and leave the end to the caller; or name the module in \
          [[transactions.only]] with the reason.",
    blind: "a method of the same name on something else (name the `receivers`, and the method as a value is no longer \
            seen), a method called as `module::commit(x)`, a function that makes a value of its own type, transactions as SQL text, and calls that a macro writes. Tests \
            are exempt.",
    severity: Severity::Blocking,
    absence: false,
    example: Example {
        law: "[transactions]\nmethods = [\"commit\"]\n[[transactions.only]]\ncrate = \"spine\"\nmodules = [\"handlers\"]\nbecause = \"the handler commits\"\n",
        bad: &[
            ("crates/spine/src/lib.rs", "mod handlers { fn f(work: Work) { work.commit(); } }"),
            ("crates/drivers/src/lib.rs", "fn save(tx: Tx) { tx.commit(); }"),
        ],
        good: &[
            ("crates/spine/src/lib.rs", "mod handlers { fn f(work: Work) { work.commit(); } }"),
            ("crates/drivers/src/lib.rs", "fn save(tx: &Tx) { tx.add(); }"),
        ],
        finds: "drivers calls tx.commit",
    },
    check,
};

fn check(workspace: &Workspace, config: &Config) -> Option<Checked> {
    let transactions = config.transactions.as_ref()?;
    let mut checked = Checked::new();
    let mut used = vec![false; transactions.only.len()];
    let makers = makers(workspace);
    for member in &workspace.crates {
        let tests = member.test_modules();
        for file in member.src().filter(|file| !tests.hold(file)) {
            for End { does, what, module, at } in ends(transactions, &makers, file) {
                checked.matched += 1;
                let owner = transactions.only.iter().position(|owner| covers(owner, &member.name, module));
                match owner {
                    Some(at) => used[at] = true,
                    None => {
                        let message = format!("{} {does} {what}; {}", member.name, allowed(transactions));
                        checked.report(file.place(at), what, message);
                    }
                }
            }
        }
    }
    for (owner, _) in transactions.only.iter().zip(used).filter(|(_, used)| !used) {
        let message = format!("[[transactions.only]] {} calls none of these methods; remove it", told(owner));
        checked.report(Place::file(CONFIG), told(owner), message);
    }
    Some(checked)
}

/// Where code begins or ends a transaction, or hands on what does.
struct End<'a> {
    does: &'static str,
    what: String,
    module: &'a [String],
    at: Position,
}

fn ends<'a>(
    transactions: &Transactions,
    makers: &HashSet<(&str, &str)>,
    file: &'a SourceFile,
) -> impl Iterator<Item = End<'a>> {
    let calls = file.facts.calls.iter().filter(|call| !call.in_test && is_meant(transactions, makers, call));
    let calls = calls.map(|Call { name, method, receiver, module, at, .. }| {
        let sign = if *method { "." } else { "::" };
        End { does: "calls", what: format!("{}{sign}{name}", receiver.join("::")), module, at: *at }
    });
    let handed = file.facts.handed.iter().filter(|one| !one.in_test && is_handed(transactions, makers, one));
    let handed = handed.map(|Handed { of, name, module, at, .. }| End {
        does: "hands on",
        what: format!("{}::{name}", of.join("::")),
        module,
        at: *at,
    });
    calls.chain(handed).collect::<Vec<_>>().into_iter()
}

/// Functions that make a value of their own type, by type and name: no methods, though called as one could be.
fn makers(workspace: &Workspace) -> HashSet<(&str, &str)> {
    let files = workspace.crates.iter().flat_map(Crate::src);
    let methods = files.flat_map(|file| &file.facts.methods).filter(|method| method.constructs);
    methods.map(|method| (method.of.as_str(), method.method.name.as_str())).collect()
}

fn is_meant(transactions: &Transactions, makers: &HashSet<(&str, &str)>, call: &Call) -> bool {
    let makes = |of: &String| makers.contains(&(of.as_str(), call.name.as_str()));
    if !call.method && call.receiver.last().is_some_and(makes) {
        return false;
    }
    let on = |subject: &[String]| {
        let named = subject.last().is_some_and(|last| transactions.receivers.contains(last));
        transactions.receivers.is_empty() || named
    };
    transactions.methods.iter().any(|method| call.is_of_method(method, on))
}

/// What a value will be called on nobody can say, so that it is not judged where the receivers are named.
fn is_handed(transactions: &Transactions, makers: &HashSet<(&str, &str)>, handed: &Handed) -> bool {
    let makes = |of: &String| makers.contains(&(of.as_str(), handed.name.as_str()));
    transactions.receivers.is_empty()
        && transactions.methods.contains(&handed.name)
        && !handed.of.last().is_some_and(makes)
}

fn covers(owner: &Owner, member: &str, module: &[String]) -> bool {
    let holds = |path: &String| {
        let path: Vec<String> = path.split("::").map(str::to_owned).collect();
        module.starts_with(&path)
    };
    owner.name == member && (owner.modules.is_empty() || owner.modules.iter().any(holds))
}

fn allowed(transactions: &Transactions) -> String {
    let owners: Vec<String> = transactions.only.iter().map(told).collect();
    match owners.as_slice() {
        [] => "nobody may".to_owned(),
        owners => format!("only {} may", owners.join(", ")),
    }
}

fn told(owner: &Owner) -> String {
    match owner.modules.as_slice() {
        [] => owner.name.clone(),
        modules => format!("{} ({})", owner.name, modules.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use crate::fixture::Ws;

    const CONFIG: &str = "[transactions]\nmethods = [\"begin\", \"commit\"]\nreceivers = [\"work\", \"store\"]\n\
        [[transactions.only]]\ncrate = \"spine\"\nmodules = [\"tools\", \"scene::open\"]\nbecause = \"the handler commits\"\n\
        [[transactions.only]]\ncrate = \"kit\"\nbecause = \"it is for tests\"";

    fn found(path: &str, text: &str) -> Vec<String> {
        let spine = [
            ("src/tools.rs", "fn f(work: W) { work.commit(); }".to_owned()),
            ("src/scene.rs", "mod open { fn f(s: S) { s.store.begin(); } }".to_owned()),
            (path, text.to_owned()),
        ];
        let kit = [("src/lib.rs", "fn f(work: W) { work.commit(); }".to_owned())];
        Ws::default().member_with("spine", "", &spine).member_with("kit", "", &kit).findings("LA-203", CONFIG)
    }

    #[test]
    fn must_fire() {
        let rest = "only spine (tools, scene::open), kit may";
        let cases = [
            ("fn f(work: W) { work.commit(); }", "1:22 spine calls work.commit"),
            ("async fn f(s: S) { s.work().await?.commit().await; }", "1:36 spine calls work.commit"),
            ("fn f(s: S) { self.ports.store.begin() }", "1:31 spine calls store.begin"),
            ("fn f(work: W) { W::commit(&mut work); }", "1:20 spine calls W::commit"),
            ("fn f(s: S) { <dyn Tx>::commit(s.work); }", "1:24 spine calls ::commit"),
            ("fn f(work: W) { join!(work.commit(), other()); }", "1:28 spine calls work.commit"),
            ("fn f(s: S) { select! { x = s.work().commit() => x } }", "1:37 spine calls work.commit"),
            ("fn f(s: S) { join!(W::commit(s.work)) }", "1:23 spine calls W::commit"),
        ];
        for (text, expected) in cases {
            assert_eq!(
                found("src/rules.rs", text),
                [format!("LA-203 crates/spine/src/rules.rs:{expected}; {rest}")],
                "{text}"
            );
        }
        let stale = CONFIG.replace("crate = \"kit\"", "crate = \"spine\"\nmodules = [\"gone\"]");
        let kit = Ws::default().file("spine", "src/tools.rs", "fn f(work: W) { work.commit(); }");
        assert_eq!(
            kit.findings("LA-203", &stale),
            ["LA-203 layers.toml [[transactions.only]] spine (gone) calls none of these methods; remove it"]
        );
    }

    #[test]
    fn what_ends_a_transaction_is_not_handed_on_either() {
        let law = "[transactions]\nmethods = [\"commit\"]";
        let found = |text: &str| Ws::default().file("a", "src/m.rs", text).findings("LA-203", law);
        let cases = [
            ("fn f() { let f = Tx::commit; }", "1:22 a hands on Tx::commit"),
            ("fn f() { x.map(Tx::commit); }", "1:20 a hands on Tx::commit"),
            ("fn f() { x.map(<Tx>::commit); }", "1:22 a hands on Tx::commit"),
            ("fn f() { x.map(<Tx as Ends>::commit); }", "1:30 a hands on Ends::commit"),
            ("fn f() { let d = D { end: a::Tx::commit }; }", "1:34 a hands on a::Tx::commit"),
            ("const END: fn(Tx) = Tx::commit;", "1:25 a hands on Tx::commit"),
            ("fn f() { join!(x.map(Tx::commit)); }", "1:26 a hands on Tx::commit"),
            ("fn f() { (Tx::commit)(tx); }", "1:15 a hands on Tx::commit"),
        ];
        for (text, expected) in cases {
            assert_eq!(found(text), [format!("LA-203 crates/a/src/m.rs:{expected}; nobody may")], "{text}");
        }
        for text in [
            "#[cfg(test)] mod t { fn f() { x.map(Tx::commit); } }",
            "impl Tx { fn commit(w: W) -> Self { Self } } fn f() { x.map(Tx::commit); tx.commit(); }",
            "fn f() { let c = tx::commit; Tx::COMMIT; Tx::commit::new(); }",
        ] {
            let found = found(text);
            assert!(found.iter().all(|line| !line.contains("hands on")), "{text}: {found:?}");
        }
    }

    #[test]
    fn must_not_fire() {
        for text in [
            "fn f(git: G) { git.commit(); }",
            "fn f(work: W) { work.commit_all(); commit(work); w::commit(work); W::commit(git); }",
            "#[cfg(test)] mod tests { fn f(work: W) { work.commit(); } }",
            "impl S { #[cfg(test)] fn f(work: W) { work.commit(); } }",
            "impl Reader { fn begin(work: W) -> Self { Self } } fn f(work: W) { Reader::begin(work); }",
        ] {
            assert_eq!(found("src/rules.rs", text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(found("tests/t.rs", "fn f(work: W) { work.commit(); }"), Vec::<String>::new());
    }
}
