//! The site as a whole: what is written, what is refused, what never changes.

use std::collections::BTreeSet;

use super::*;

fn site(pages: &[(&str, &str)]) -> Site {
    let page =
        |(path, markdown): &(&str, &str)| Page { path: (*path).to_owned(), markdown: (*markdown).to_owned() };
    Site { title: "Shop & Co".to_owned(), pages: pages.iter().map(page).collect() }
}

fn file(site: &Site, path: &str) -> String {
    let assets = render(site);
    let asset = assets.iter().find(|asset| asset.path == path).expect("the file is written");
    String::from_utf8(asset.bytes.clone()).expect("text")
}

/// The article of a document at the root of a small site.
fn article(markdown: &str) -> String {
    let site = site(&[("README.md", markdown), ("orders/README.md", "# Orders\n\n## Rules\n")]);
    let page = file(&site, "index.html");
    let (_, rest) = page.split_once("<article>\n").expect("an article");
    rest.split_once("<footer>").expect("a footer").0.to_owned()
}

#[test]
fn a_small_page() {
    let markdown = "# Orders\n\nSee [home](../README.md) & `Order<T>`.\n\n## States\n\n| State | n |\n|---|--:|\n\
                    | `open` | 1 |\n\n## Rules\n\n```rust,ignore\nif a < b {}\n```\n";
    let site = site(&[("README.md", "# Home"), ("orders/README.md", markdown)]);
    insta::assert_snapshot!(file(&site, "orders/index.html"), @r##"
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Orders · Shop &amp; Co</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="../site.css">
    <script src="../page.js" defer></script>
    <script src="../search.js" defer></script>
    </head>
    <body>
    <a class="skip" href="#Main">Skip to content</a>
    <header>
    <a class="brand" href="../index.html">Shop &amp; Co</a>
    <form role="search" hidden>
    <label for="Query" class="unseen">Search</label>
    <input id="Query" type="search" placeholder="Search" autocomplete="off" spellcheck="false" aria-controls="Results" aria-keyshortcuts="/">
    <kbd aria-hidden="true">/</kbd>
    <div class="found">
    <p role="status"></p>
    <ol id="Results"></ol>
    </div>
    </form>
    </header>
    <details class="documents" open>
    <summary>Documents</summary>
    <nav aria-label="Documents">
    <ul>
    <li><a href="../index.html">Home</a></li>
    <li><a href="../orders/index.html" aria-current="page">Orders</a></li>
    </ul>
    </nav>
    </details>
    <details class="contents" open>
    <summary>On this page</summary>
    <nav aria-label="On this page">
    <ul>
    <li class="level-2"><a href="#states">States</a></li>
    <li class="level-2"><a href="#rules">Rules</a></li>
    </ul>
    </nav>
    </details>
    <main id="Main" tabindex="-1">
    <article>
    <h1 id="orders">Orders <a class="permalink" href="#orders" aria-label="Link to: Orders">#</a></h1>
    <p>See <a href="../index.html">home</a> &amp; <code>Order&lt;T&gt;</code>.</p>
    <h2 id="states">States <a class="permalink" href="#states" aria-label="Link to: States">#</a></h2>
    <div class="scrolls" tabindex="0" role="group" aria-label="Table: States"><table>
    <thead><tr><th scope="col" class="short">State</th><th scope="col" class="short right">n</th></tr></thead>
    <tbody>
    <tr><td class="short"><code>open</code></td><td class="short right">1</td></tr>
    </tbody></table></div>
    <h2 id="rules">Rules <a class="permalink" href="#rules" aria-label="Link to: Rules">#</a></h2>
    <pre class="scrolls" tabindex="0" role="group" aria-label="Code"><code class="language-rust">if a &lt; b {}
    </code></pre>
    <footer>Source: <code>orders/README.md</code></footer>
    </article>
    </main>
    </body>
    </html>
    "##);
}

#[test]
fn the_index_of_a_small_site() {
    let site = site(&[("README.md", "# Home\n\nBuy it now, buy.\n\n## BuyNow\n\nIt </script>\n")]);
    insta::assert_snapshot!(file(&site, "search-index.js"), @r#"globalThis.siteIndex = {"pages":[["index.html","Home"]],"sections":[[0,"","","Buy it now, buy."],[0,"buynow","BuyNow","It </script>"]],"words":["buy","buynow","home","it","now","script"],"hits":[[0,2,1,30],[1,30],[0,100,1,2],[0,1,1,1],[0,1,1,30],[1,1]]};"#);
}

#[test]
fn a_heading_outweighs_any_text() {
    let site = site(&[("README.md", &format!("# T\n\n## One\n\n{}\n\n## Word\n", "word ".repeat(500)))]);
    let index = file(&site, "search-index.js");
    let (_, index) = index.split_once("\"words\":").expect("words");
    assert!(index.starts_with("[\"one\",\"word\"]") && index.contains("[1,30],[1,8,2,30]]"), "{index}");
}

#[test]
fn a_page_without_a_title_keeps_its_headings() {
    let index = file(&site(&[("README.md", "## First\n\ntext\n")]), "search-index.js");
    assert!(index.contains("[[0,\"first\",\"First\",\"text\"]]"), "{index}");
}

#[test]
fn nothing_of_a_document_becomes_markup() {
    let evil = "<img src=x onerror=alert(1)>\"'";
    let markdown = format!(
        "# {evil}\n\n## a {evil}\n\n{evil}\n\n`{evil}`\n\n[{evil}](javascript:alert(1))\n\n[x](<../\"onclick=alert(1)>)\n\n\
         [y](<https://example.org/\"onclick=alert(1)>)\n\n![{evil}](x.png)\n\n```{evil}\n{evil}\n```\n\n\
         | {evil} |\n|---|\n| {evil} |\n\n<script>alert(1)</script>\n\n<!-- <b>secret</b> -->\n"
    );
    let site = Site { title: evil.to_owned(), pages: site(&[("a/<b>\"'.md", &markdown)]).pages };
    for asset in render(&site).iter().filter(|asset| asset.path.ends_with(".html")) {
        let html = String::from_utf8_lossy(&asset.bytes);
        for never in ["<img", "<b>", "<script>", "/\"onclick", "=\"javascript", "secret", " style=", "{{"] {
            assert!(!html.contains(never), "{}: {never}\n{html}", asset.path);
        }
    }
}

#[test]
fn a_value_is_no_template() {
    assert!(article("# {{title}}\n\n{{site}}").contains("<p>{{site}}</p>"));
}

#[test]
fn links_lead_to_files_of_the_site_or_are_shown_as_text() {
    for (markdown, expected) in [
        ("[a](orders/README.md#rules)", "<a href=\"orders/index.html#rules\">a</a>"),
        ("[a](orders)", "<a href=\"orders/index.html\">a</a>"),
        (
            "[a](https://example.org/?a&b)",
            "<a href=\"https://example.org/?a&amp;b\" rel=\"noreferrer\">a</a>",
        ),
        ("<me@example.org>", "<a href=\"mailto:me@example.org\" rel=\"noreferrer\">me@example.org</a>"),
        (
            "[`a`](../x.rs)",
            "<span class=\"file\" title=\"../x.rs (not part of this site)\"><code>a</code></span>",
        ),
        ("[a](gone.md)", "<span class=\"broken\" title=\"broken link: no such document;"),
    ] {
        let html = article(markdown);
        assert!(html.contains(expected), "{markdown}: {html}");
    }
}

#[test]
fn broken_links_are_told_by_page_and_line() {
    let broken = broken_links(&site(&[
        ("orders/README.md", "# Orders\n\ntext [a](#orders), [b](#none)\n\n- [c][ref]\n\n[ref]: gone.md\n"),
        ("README.md", "[a](orders/README.md#rules) [b](orders/README.md) [c](../src/lib.rs) [d](/x)\n"),
    ]));
    let lines: Vec<_> = broken.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    README.md:1 links to `orders/README.md#rules`: the document has no such heading; mend the part after `#`
    README.md:1 links to `/x`: the path is absolute; write it relative to this document
    orders/README.md:3 links to `#none`: the document has no such heading; mend the part after `#`
    orders/README.md:5 links to `gone.md`: no such document; mend the path, or add the document
    "#);
}

#[test]
fn ids_are_unique_on_a_page() {
    let page = file(
        &site(&[("README.md", "# Main\n\n## Query\n\n## Results\n\n### Query\n\n## Main\n")]),
        "index.html",
    );
    let ids: Vec<_> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(ids.len() >= 8, "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
}

#[test]
fn the_order_of_pages_changes_nothing() {
    let mut site =
        site(&[("b.md", "# B"), ("README.md", "# A"), ("c/d/e.md", "# E"), ("c/README.md", "text")]);
    let assets = render(&site);
    site.pages.reverse();
    assert_eq!(render(&site), assets);
    let paths: Vec<_> = assets.iter().map(|asset| asset.path.as_str()).collect();
    let pages = ["b.html", "c/d/e.html", "c/index.html", "index.html"];
    assert_eq!(paths, [&pages[..], &["page.js", "search-index.js", "search.js", "site.css"]].concat());
}

#[test]
fn a_site_without_a_readme_starts_with_a_list() {
    let start = file(&site(&[("../orders/README.md", "text")]), "index.html");
    assert!(
        start.contains("<h1>Shop &amp; Co</h1>\n<ul>\n<li><a href=\"orders/index.html\">orders</a>"),
        "{start}"
    );
    assert!(file(&site(&[]), "index.html").contains("<h1>"));
}

#[test]
fn two_documents_never_become_one_file() {
    let twice = site(&[("README.md", "# One"), ("index.md", "# Two"), ("a.md", "[two](index.md)")]);
    assert!(file(&twice, "index.html").contains("<h1 id=\"one\">"));
    assert_eq!(render(&twice).iter().filter(|asset| asset.path == "index.html").count(), 1);
    assert_eq!(broken_links(&twice).len(), 1, "whoever links to the dropped one learns of it");
}

#[test]
fn a_column_is_as_wide_as_its_longest_cell_asks() {
    let html = article(&format!("|a|b|c|\n|-|:-:|-:|\n|`x`|{}|{}|\n|y|\n", "m".repeat(30), "l ".repeat(40)));
    for expected in
        ["<th scope=\"col\" class=\"short\">a</th>", "class=\"medium center\">b", "class=\"long right\">c"]
    {
        assert!(html.contains(expected), "{expected}: {html}");
    }
}

#[test]
fn pages_need_nothing_from_elsewhere() {
    let page = file(&site(&[("a/b.md", "# B\n\n![x](https://example.org/x.png)\n")]), "a/b.html");
    assert!(page.contains("default-src 'none'; style-src 'self'; script-src 'self';"), "{page}");
    assert!(page.contains("href=\"../site.css\"") && page.contains("src=\"../search.js\""), "{page}");
    assert!(!page.contains("://"), "{page}");
}
