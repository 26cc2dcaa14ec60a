//! The document: its references, its ids, and the whole of it as a snapshot.

use std::collections::BTreeSet;

use portcullis_spine::OperationRegistry;
use portcullis_spine::operations::register;

use super::*;

fn whole() -> Value {
    let mut registry = OperationRegistry::new();
    register(&mut registry).unwrap();
    document(&Reference::of(&registry))
}

fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| item.as_object().unwrap().values().map(|one| (path.clone(), one)))
        .collect()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

#[test]
fn every_reference_resolves_and_every_component_is_used() {
    let document = whole();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(found.contains(&format!("#/components/{kind}/{name}")), "{name} is not used");
        }
    }
    assert!(!document.to_string().contains("$defs"));
}

#[test]
fn operation_ids_are_unique() {
    let document = whole();
    let operations = operations(&document);
    let ids: BTreeSet<_> =
        operations.iter().map(|(_, operation)| operation["operationId"].to_string()).collect();
    assert_eq!(ids.len(), operations.len());
}

#[test]
fn path_parameters_are_those_of_the_path() {
    let document = whole();
    for (path, operation) in operations(&document) {
        let empty = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&empty);
        let named = |place: &str| {
            let standing = parameters.iter().filter(|parameter| parameter["in"] == place);
            standing.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>()
        };
        let in_path: BTreeSet<_> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .map(str::to_owned)
            .collect();
        assert_eq!(named("path"), in_path, "{path}");
        for parameter in parameters {
            assert!(
                parameter["schema"]["type"] != "null" && parameter["schema"].get("anyOf").is_none(),
                "{parameter}"
            );
        }
    }
}

#[test]
fn names_of_components_are_those_of_types() {
    let document = whole();
    let numbered = |name: &&String| name.ends_with(|last: char| last.is_ascii_digit());
    assert_eq!(document["components"]["schemas"].as_object().unwrap().keys().find(numbered), None);
}

#[test]
fn it_is_the_same_every_time() {
    assert_eq!(whole().to_string(), whole().to_string());
}

#[test]
fn the_document_is_a_contract() {
    insta::assert_snapshot!(serde_json::to_string_pretty(&whole()).unwrap());
}
