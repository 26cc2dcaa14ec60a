//! The texts of an operation that are its own: request and answer, handler, and the handler's test.

use super::{Operation, TESTS, insert};
use crate::scaffold::draft::Draft;
use crate::scaffold::homes::{SCHEMAS, SPINE};
use crate::scaffold::template::fill;

/// What every request and answer derives.
const DERIVED: [(&str, &str); 3] =
    [("schemars", "JsonSchema"), ("serde", "Deserialize"), ("serde", "Serialize")];

/// The request type, its answer, and its line of the contract.
pub(super) fn request(draft: &mut Draft<'_>, operation: &Operation) -> Result<(), String> {
    let module = SCHEMAS.module(draft, operation.home())?;
    let path = SCHEMAS.inside(operation.home(), "operations.rs");
    let declared = operation.filled(include_str!("../templates/operation_declaration.txt"))?;
    if draft.text(&path).is_none() {
        let (family, _) = operation.name.rsplit_once('.').unwrap_or_default();
        draft.write(&path, fill(include_str!("../templates/operations.rs.txt"), &[("family", family)])?)?;
        draft.insert(&module, "pub mod operations;", |text| insert::module(text, "pub mod operations;"))?;
    }
    draft.insert(&path, format!("{}, {}", operation.request, operation.answer()), |text| {
        let text = insert::before(text, "operations! {", "}", declared.trim_end())?;
        let text = insert::imports(&insert::imports(&text, &DERIVED)?, operation.shape.imports)?;
        insert::item(&text, &operation.filled(operation.shape.types)?)
    })
}

/// The handler in a file of its own, and the test that says what it does today.
pub(super) fn handler(draft: &mut Draft<'_>, operation: &Operation) -> Result<(), String> {
    let verb_noun = &operation.verb_noun;
    draft.write(&operation.handler_file(), operation.filled(include_str!("../templates/handler.rs.txt"))?)?;
    let module = SPINE.module(draft, operation.home())?;
    let declaration = format!("pub(crate) mod {verb_noun};");
    draft.insert(&module, declaration.clone(), |text| insert::module(text, &declaration))?;

    let test = operation.filled(include_str!("../templates/handler_test.rs.txt"))?;
    draft.write(&format!("{TESTS}{verb_noun}.rs"), test)?;
    let declaration = format!("mod {verb_noun};");
    draft.insert(&format!("{TESTS}main.rs"), declaration.clone(), |text| insert::module(text, &declaration))
}
