//! What `help` prints.

/// Every command, every option, every exit code.
pub(super) const HELP: &str = "\
Checks a Cargo workspace against the layer law in its layers.toml.

  audit                       judge the workspace (the default command)
    --rule LA-NNN | LA-N*     only this rule, or this family
    --domain NAME             only findings in files of this domain
    --advisory                list all findings, allowed and known ones too, and exit 0
    --format F                text, json, sarif, github; also --json, --sarif, --github
                              (default: github under GITHUB_ACTIONS, else text)
    --output FILE             write that form to a file
    --also F=FILE             write a further form to a file; may be said again
    --summary                 print the tables by layer and domain (default: if nothing is found)
    --timings                 say on standard error where the time went
    --fix                     mend what needs no decision: LA-004, LA-005, LA-106; say what is left
    --update-baseline         take out of the baseline what is gone, and lower its `most`
    --first-baseline          begin a baseline with all that is found, where layers.toml names none
    --self-test               plant a violation of each rule, and count how many are found
  explain LA-NNN              why a rule is there, how to mend a finding, what the rule cannot see
  rules [--json]              list the rules
  graph --mermaid|--dot|--svg [--output FILE]
                              draw the crates by layer; red: breaks the law; grey, dashed: may for now
  init                        write a first layers.toml
  tombstones [--collapse]     list re-exports that wait for their end; remove those of which LA-706
                              says that they may go
  literature [--check] [--site FOLDER]
                              write the inventories of the documents; check them; render them as a site
                              into a folder that is new, empty or holds such a site
  help, --version

Every command that reads a workspace takes --root FOLDER or --manifest-path FOLDER/Cargo.toml.

Exit: 0 clean (advisory findings do not fail); 1 violations; 2 only stale allowances or baseline entries;
3 bad configuration, arguments, or a workspace that cannot be read.
";

#[cfg(test)]
mod tests {
    use super::HELP;
    use crate::cli::{command, options};

    #[test]
    fn everything_is_in_the_help_and_in_the_readme() {
        let readme = include_str!("../../README.md");
        for word in command::COMMANDS.iter().chain(options::KNOWN) {
            assert!(HELP.contains(word), "help: {word}");
            assert!(
                readme.contains(&format!("`{word}")) || readme.contains(&format!(" {word}")),
                "README: {word}"
            );
        }
    }
}
