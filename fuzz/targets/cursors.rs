//! Pages and cursors of strangers are read or refused, and a page is never more than its text holds.

#![no_main]

use libfuzzer_sys::fuzz_target;
use portcullis_mcp::members::Members;
use portcullis_mcp::messages::{ListPage, Listing, cursor_of};
use portcullis_mcp::scan::JsonLimits;
use serde_json::value::RawValue;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else { return };
    if let Ok(Some(cursor)) = cursor_of(Some(raw)) {
        assert!(cursor.len() <= text.len());
    }
    for listing in [Listing::Tools, Listing::Prompts, Listing::Resources, Listing::Templates] {
        let Ok(page) = ListPage::parse(listing, raw, &JsonLimits::STRICT) else { continue };
        assert!(page.items.len() <= text.len());
        for item in page.items.into_iter().flatten() {
            let members = Members::of(item.raw.get()).expect("an item is an object");
            let again = Members::of(members.to_raw().get()).expect("what was written is read");
            assert!(members.names().eq(again.names()));
        }
    }
});
