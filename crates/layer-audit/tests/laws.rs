//! The laws under `examples/laws`, which were tried on published workspaces: each is valid, and ten lines long.

use std::path::Path;

use layer_audit::Config;

#[test]
fn each_is_a_valid_law_of_ten_lines() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/laws");
    let mut tried = 0;
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("it can be listed").path();
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let lines = text.lines().filter(|line| !line.starts_with('#')).count();
        let config = Config::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(lines <= 10 && config.layers.len() > 2, "{}: {lines} lines", path.display());
        tried += 1;
    }
    assert_eq!(tried, 3);
}
