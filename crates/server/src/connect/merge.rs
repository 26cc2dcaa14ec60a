//! Writing a client's configuration beside what is there. What is there stays; a server of the same name that differs is
//! not replaced.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use color_eyre::eyre::{self, WrapErr, bail};

use super::clients::{Form, Recipe};
use super::json;

/// Merges the recipe into the file, which is made if it is not there. Whether anything was to be written.
///
/// # Errors
/// When the file cannot be read or written, is not of its form, or has a server of this name that differs.
pub(super) fn write(file: &Path, recipe: &Recipe) -> eyre::Result<bool> {
    let before = match fs::read_to_string(file) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).wrap_err_with(|| format!("{} cannot be read", file.display())),
    };
    let after = merged(&before, recipe).wrap_err_with(|| file.display().to_string())?;
    if after == before {
        return Ok(false);
    }
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).wrap_err_with(|| format!("{} cannot be made", folder.display()))?;
    }
    put(file, &after).wrap_err_with(|| format!("{} cannot be written", file.display()))?;
    Ok(true)
}

/// Whole or not at all, and where a link leads, not in its place. A new file is its owner's alone: a key may come into it.
fn put(file: &Path, text: &str) -> std::io::Result<()> {
    let file = &fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let draft = file.with_extension("portcullis-draft");
    let mode = fs::metadata(file).map_or(0o600, |facts| facts.permissions().mode() & 0o777);
    let mut open = fs::OpenOptions::new();
    // One that a crash has left; a link in its place is not followed.
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut opened = open.write(true).create_new(true).mode(mode).open(&draft)?;
    opened.write_all(text.as_bytes()).and_then(|()| opened.sync_all())?;
    fs::rename(&draft, file)
}

fn merged(before: &str, recipe: &Recipe) -> eyre::Result<String> {
    match &recipe.form {
        Form::Json(new) => json::merged(before, new),
        Form::Toml(table) => {
            let known: toml::Table = before.parse().wrap_err("it is not TOML")?;
            let new: toml::Table = recipe.text.parse().wrap_err("the recipe is not TOML")?;
            match server_in(&known, table) {
                None if before.is_empty() => Ok(recipe.text.clone()),
                None => {
                    let after = format!("{}\n\n{}", before.trim_end(), recipe.text);
                    after
                        .parse::<toml::Table>()
                        .wrap_err("its servers stand in a form that cannot be added to")?;
                    Ok(after)
                }
                Some(there) if server_in(&new, table) == Some(there) => Ok(before.to_owned()),
                Some(_) => bail!(
                    "it has a server of this name already, and another one: take another name by --name, or change \
                     it by hand"
                ),
            }
        }
        Form::Command => bail!("this client keeps no configuration"),
    }
}

/// The table of a server, by its name with dots.
fn server_in<'a>(whole: &'a toml::Table, name: &str) -> Option<&'a toml::Table> {
    name.split('.').try_fold(whole, |table, part| table.get(part)?.as_table())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use serde_json::{Value, json};

    use super::super::Client;
    use super::super::clients::recipe;
    use super::*;

    const URL: &str = "https://gate.example/mcp/t";

    fn into(client: Client, before: &str) -> Result<String, String> {
        merged(before, &recipe(client, "t", URL)).map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn what_is_there_stays() {
        let before = json!({ "theme": "dark", "mcpServers": { "other": { "command": "x" } } }).to_string();
        let after: Value = serde_json::from_str(&into(Client::Gemini, &before).unwrap()).unwrap();
        assert_eq!(
            (&after["theme"], &after["mcpServers"]["other"]["command"]),
            (&json!("dark"), &json!("x"))
        );
        assert_eq!(after["mcpServers"]["t"]["httpUrl"], URL);
        let again = into(Client::Gemini, &after.to_string()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), after, "twice is as once");
    }

    #[test]
    fn what_is_there_already_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("below/config.json");
        let recipe = recipe(Client::Cursor, "t", URL);
        assert!(write(&file, &recipe).unwrap());
        let written = fs::metadata(&file).unwrap().ino();
        assert!(!write(&file, &recipe).unwrap());
        assert_eq!(fs::metadata(&file).unwrap().ino(), written, "it is the same file");
    }

    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (kept, link) = (folder.path().join("kept.json"), folder.path().join("config.json"));
        fs::write(&kept, "{}").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        put(&link, "new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&kept).unwrap(), "new");
    }

    #[test]
    fn another_server_of_the_name_is_not_replaced() {
        let before = json!({ "mcpServers": { "t": { "url": "https://other.example" } } }).to_string();
        assert!(into(Client::Cursor, &before).unwrap_err().contains("--name"));
        let before = "[mcp_servers.t]\nurl = \"https://other.example\"\n";
        assert!(into(Client::Codex, before).unwrap_err().contains("--name"));
    }

    #[test]
    fn toml_keeps_its_comments() {
        let before = "# mine\nmodel = \"m\"\n";
        let after = into(Client::Codex, before).unwrap();
        assert!(after.starts_with("# mine\nmodel = \"m\"\n\n[mcp_servers.t]\n"), "{after}");
        after.parse::<toml::Table>().unwrap();
        assert_eq!(into(Client::Codex, &after).unwrap(), after, "twice is as once");
        let shorter = after.replace("bearer_token_env_var = \"PORTCULLIS_KEY\"\n", "");
        assert!(into(Client::Codex, &shorter).unwrap_err().contains("--name"), "a part of it is another one");
        let inline = "mcp_servers = { other = { url = \"https://other.example\" } }\n";
        assert!(into(Client::Codex, inline).is_err(), "a table that is closed takes no more");
    }

    #[test]
    fn files_of_another_form_are_left_alone() {
        for before in ["// a comment\n{}", "[]", "{\"servers\": 7}"] {
            assert!(into(Client::Vscode, before).is_err(), "{before}");
        }
        assert!(into(Client::Inspector, "").is_err());
    }
}
