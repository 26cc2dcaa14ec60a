//! `audit`: read, judge, mend where asked, and say it.

use std::collections::BTreeMap;
use std::mem::ManuallyDrop;
use std::time::Instant;

use super::options::{Deed, Options};
use super::place::{Place, write};
use super::{Said, Setting, self_test, timings};
use crate::baseline::Baseline;
use crate::config::{BaselineFile, Config};
use crate::evaluate::{Selection, evaluate};
use crate::home::{Home, domain_in};
use crate::mend::{Mend, Mends, Shrunk, apply, begun, first_baseline, lowered, mends, update_baseline};
use crate::render::{Account, Format};
use crate::report::{Exit, Report};
use crate::rules::CONFIG;
use crate::source::SourceFile;
use crate::terms::BASELINE;
use crate::workspace::{Crate, Workspace};

/// One judgement, and what it was made of.
pub(super) struct Run {
    pub(super) config: Config,
    pub(super) workspace: Workspace,
    pub(super) selection: Selection,
    report: Report,
    mends: Mends,
    /// When it began, when all was read, when all was judged.
    pub(super) times: [Instant; 3],
}

pub(super) fn run(options: &Options, setting: &Setting) -> Result<Said, String> {
    let place = Place::find(options.root.as_deref(), setting)?;
    // The process ends soon: to free all these small texts before would take a tenth of its time.
    let run = ManuallyDrop::new(Run::of(&place, options)?);
    let done = match options.deed {
        Deed::Judge => return run.say(options, setting),
        Deed::SelfTest => return self_test::run(&place, &run.workspace, &run.config, &run.selection),
        Deed::Fix => {
            let done = run.fix(&place, setting)?;
            // The baseline shrinks by what was mended just now.
            let after = Run::of(&place, options)?;
            if after.mends_nothing(setting) { done } else { done + &after.fix(&place, setting)? }
        }
        Deed::UpdateBaseline => run.update_baseline(&place, setting)?,
        Deed::FirstBaseline => run.first_baseline(&place, setting)?,
    };
    let said = Run::of(&place, options)?.say(options, setting)?;
    Ok(Said { err: done + &said.err, ..said })
}

impl Run {
    fn of(place: &Place, options: &Options) -> Result<Self, String> {
        let begun = Instant::now();
        let selection = options.rule.as_deref().map_or_else(|| Ok(Selection::all()), Selection::parse);
        let selection = selection.map_err(|unknown| unknown.to_string())?;
        let config = place.config()?;
        let domain = options.domain.as_deref().map(|name| known_domain(name, &config)).transpose()?;
        let workspace = place.workspace(&config)?;
        if let Some(domain) = domain {
            inhabited(domain, &workspace, &config)?;
        }
        let read = Instant::now();
        let mut report = evaluate(&workspace, &config, &selection);
        let judged = Instant::now();
        // The self-test tries a rule on its own example, whatever the law here.
        if report.rules.is_empty() && options.deed != Deed::SelfTest {
            return Err(unconfigured(options.rule.as_deref(), &workspace, &config));
        }
        if let Some(domain) = domain {
            narrow(&mut report, domain, &workspace, &config);
        }
        let mut mends = mends(&report, &workspace, &config, &|file| place.text(file));
        // What a rule that did not run would find, the baseline would lose.
        mends.mends.retain(|mend| mend.rule != BASELINE || options.rule.is_none());
        let times = [begun, read, judged];
        Ok(Self { config, workspace, selection, report, mends, times })
    }

    /// What `--fix` may write: in CI not the baseline.
    fn mechanical(&self, setting: &Setting) -> impl Iterator<Item = &Mend> {
        let ci = setting.ci;
        self.mends.mends.iter().filter(move |mend| mend.rule != BASELINE || !ci)
    }

    fn mends_nothing(&self, setting: &Setting) -> bool {
        self.mechanical(setting).next().is_none()
    }

    /// Mends what can be mended, a line each, and says why the rest of its kind is left.
    fn fix(&self, place: &Place, setting: &Setting) -> Result<String, String> {
        let mut by_file: BTreeMap<&str, Vec<&Mend>> = BTreeMap::new();
        for mend in self.mechanical(setting) {
            by_file.entry(&mend.file).or_default().push(mend);
        }
        let mut done = String::new();
        for (file, mends) in by_file {
            let text = place.text(file).ok_or_else(|| format!("{file}: cannot be read to be mended"))?;
            place.write(file, &apply(&text, &mends))?;
            done.extend(mends.iter().map(|mend| format!("mended {} {file}: {}\n", mend.rule, mend.said)));
        }
        if done.is_empty() {
            done.push_str("nothing to mend without a decision\n");
        }
        done.extend(
            self.mends.left.iter().map(|left| format!("left {} {}: {}\n", left.rule, left.file, left.why)),
        );
        Ok(done)
    }

    /// Takes out of the baseline what is gone, and lowers what the law lets it know.
    fn update_baseline(&self, place: &Place, setting: &Setting) -> Result<String, String> {
        refused_in_ci(setting)?;
        let Some(BaselineFile { file, most, strict }) = &self.config.baseline else {
            return Err("layers.toml has no [baseline]; --first-baseline begins one".to_owned());
        };
        let Some(text) = self.workspace.documents.get(file) else {
            return Err(format!(
                "{file} is not there, though [baseline] names it; take it from version control"
            ));
        };
        let now = Baseline::parse(text).map_err(|error| format!("{file}: {error}"))?;
        let step = update_baseline(&self.report, &now, strict);
        if let Some(text) = &step.text {
            place.write(file, text)?;
        }
        let law = place.text(CONFIG).filter(|_| step.known < *most).unwrap_or_default();
        if let Some(mend) = lowered(&law, step.known) {
            place.write(CONFIG, &apply(&law, &[&mend]))?;
        }
        Ok(told(file, &step))
    }

    /// Begins a baseline: its file, and its section of the law. Where the law names one there is no first.
    fn first_baseline(&self, place: &Place, setting: &Setting) -> Result<String, String> {
        refused_in_ci(setting)?;
        if let Some(BaselineFile { file, .. }) = &self.config.baseline {
            return Err(format!(
                "layers.toml names the baseline {file} already, and there is one first only; --update-baseline takes \
                 out what is gone, and a file that is lost comes from version control"
            ));
        }
        if place.has(FIRST) {
            return Err(format!(
                "{FIRST} is there already, though layers.toml has no [baseline]; name or remove it"
            ));
        }
        let step = first_baseline(&self.report);
        let law = begun(&place.text(CONFIG).unwrap_or_default(), FIRST, step.known);
        Config::parse(&law)
            .map_err(|error| format!("{CONFIG}: [baseline] finds no place at its end: {error}"))?;
        place.write(CONFIG, &law)?;
        place.write(FIRST, step.text.as_deref().unwrap_or_default())?;
        Ok(told(FIRST, &step))
    }

    fn say(&self, options: &Options, setting: &Setting) -> Result<Said, String> {
        let narrowed = options.rule.is_some() || options.domain.is_some();
        let account = Account {
            workspace: &self.workspace,
            config: &self.config,
            report: &self.report,
            mends: &self.mends.mends,
            milliseconds: self.times[0].elapsed().as_millis(),
            everything: options.advisory,
            tables: options.summary || (!narrowed && self.report.open().next().is_none()),
        };
        for (format, file) in &options.also {
            write(file, &format.render(&account))?;
        }
        let usual = if setting.github { Format::Github } else { Format::Text };
        let text = options.format.unwrap_or(usual).render(&account);
        let out = match &options.output {
            Some(file) => {
                write(file, &text)?;
                account.closing()
            }
            None => text,
        };
        let err = if options.timings { timings::text(self) } else { String::new() };
        let exit = if options.advisory { Exit::Clean } else { self.report.exit() };
        Ok(Said { out, err, exit })
    }
}

/// Where a first baseline stands.
const FIRST: &str = "audit-baseline.toml";

fn refused_in_ci(setting: &Setting) -> Result<(), String> {
    match setting.ci {
        true => {
            Err("a baseline is not written in CI; do it on your machine, and commit the files".to_owned())
        }
        false => Ok(()),
    }
}

fn told(file: &str, step: &Shrunk) -> String {
    let Shrunk { known, gone, refused, .. } = step;
    let refused = match refused.len() {
        0 => String::new(),
        count => format!("; {count} it may not take in: mend them"),
    };
    format!("{file}: {known} known, {gone} gone{refused}\n")
}

/// A rule that the law does not switch on finds nothing, which must not pass for a rule that is kept.
fn unconfigured(rule: Option<&str>, workspace: &Workspace, config: &Config) -> String {
    let configured = evaluate(workspace, config, &Selection::all()).rules.join(", ");
    let rule = rule.unwrap_or("any rule");
    format!("layers.toml has no section that switches {rule} on; configured are {configured}")
}

/// Leaves the findings of one domain, and counts its files and the members that hold them.
fn narrow(report: &mut Report, domain: &str, workspace: &Workspace, config: &Config) {
    report.findings.retain(|found| Home::of(&found.place.file, workspace, config).domain == Some(domain));
    let files = |member: &Crate| {
        let there = |file: &&SourceFile| domain_in(&file.path, member, config) == Some(domain);
        member.files.iter().filter(there).count()
    };
    let counts: Vec<usize> = workspace.crates.iter().map(files).collect();
    report.crates = counts.iter().filter(|count| **count > 0).count();
    report.files = counts.iter().sum();
}

/// A domain without a file or document has no findings, which must not pass for a domain that keeps the law.
fn inhabited(domain: &str, workspace: &Workspace, config: &Config) -> Result<(), String> {
    let files = workspace.crates.iter().flat_map(|member| &member.files).map(|file| file.path.as_str());
    let mut paths = files.chain(workspace.documents.keys().map(String::as_str));
    match paths.any(|path| Home::of(path, workspace, config).domain == Some(domain)) {
        true => Ok(()),
        false => Err(format!(
            "domain {domain}: no file and no document stands in it, so there is nothing to judge"
        )),
    }
}

fn known_domain<'a>(name: &'a str, config: &Config) -> Result<&'a str, String> {
    let domains = config.domains.iter().flat_map(|domains| &domains.domains);
    let known: Vec<&str> = domains.map(|domain| domain.name.as_str()).collect();
    match known.as_slice() {
        [] => Err("--domain: layers.toml has no [domains]".to_owned()),
        known if known.contains(&name) => Ok(name),
        known => Err(format!("no domain {name}; known: {}", known.join(", "))),
    }
}
