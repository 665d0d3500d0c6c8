//! All engines say the same; only how they spell entities may differ.

use html_benchmarks::data::Data;
use html_benchmarks::{SHAPES, engines};

fn plain(html: &str) -> String {
    let spellings = [
        ("&#34;", "&quot;"),
        ("&#39;", "'"),
        ("&#039;", "'"),
        ("&#60;", "&lt;"),
        ("&#62;", "&gt;"),
        ("&#38;", "&amp;"),
    ];
    let mut html = html.to_owned();
    for (spelling, usual) in spellings {
        html = html.replace(spelling, usual);
    }
    // So may the absence of a value.
    html = html.replace(" disabled=\"\"", " disabled");
    // Quotes and `>` need no entity in text, so some leave them.
    html.replace("&quot;", "\"").replace("&gt;", ">")
}

#[test]
fn all_engines_write_the_same_pages() {
    let data = Data::new();
    for (at, shape) in SHAPES.iter().enumerate() {
        let mut expected = None;
        for engine in engines::all() {
            // Twice, for engines that learn from the first time.
            let first = (engine.shapes[at])(&data);
            assert_eq!(first, (engine.shapes[at])(&data), "{} {shape}", engine.name);
            let page = plain(&first);
            let (other, expected) = expected.get_or_insert_with(|| (engine.name, page.clone()));
            let same = page.bytes().zip(expected.bytes()).take_while(|(a, b)| a == b).count();
            let around = &page[same.saturating_sub(40)..page.len().min(same + 40)];
            assert!(page == *expected, "{shape}: {} and {other} differ at {around}", engine.name);
        }
    }
}
