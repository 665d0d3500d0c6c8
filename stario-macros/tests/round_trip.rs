//! Random trees, written by templates and read back by the parser of a browser engine.

use html5ever::tendril::TendrilSink;
use html5ever::tokenizer::TokenizerOpts;
use html5ever::{ParseOpts, local_name, ns, parse_fragment};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use proptest::prelude::*;
use stario_html::{Buf, Html, Render, TagName, json};
use stario_macros::{component, html};

/// A tree that templates can write.
#[derive(Clone, Debug, PartialEq)]
enum Tree {
    Text(String),
    Element { tag: &'static str, title: Option<String>, data: String, children: Vec<Tree> },
}

impl Render for Tree {
    fn render(&self, buf: &mut Buf) {
        match self {
            Self::Text(text) => buf.push(text),
            Self::Element { tag, title, data, children } => {
                let tag = TagName::new(*tag).expect("the names below are all elements");
                buf.push(&html! { <{tag} title={title} data-x={data}>{children}</{tag}> });
            }
        }
    }
}

/// Characters a parser gives back as they are: it drops NUL and turns carriage returns into newlines.
fn text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        3 => prop::char::range('a', 'z'),
        3 => prop::sample::select(vec!['&', '<', '>', '"', '\'', '/', ';', '#', '-', '!', '\n', ' ']),
        1 => any::<char>().prop_filter("given back as it is", |c| !matches!(c, '\0' | '\r')),
        1 => prop::sample::select(vec!['é', '漢', '🦀']),
    ];
    prop_oneof![
        6 => prop::collection::vec(character, 1..40).prop_map(String::from_iter),
        1 => prop::sample::select(vec!["</script>", "<!--", "-->", "</div>", "&lt;", "&#x41;", "<![CDATA[", "\" onload=\"x"])
            .prop_map(str::to_owned),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    text().prop_map(Tree::Text).prop_recursive(4, 40, 5, |inner| {
        let tag = prop::sample::select(vec![
            "div",
            "span",
            "section",
            "em",
            "my-widget",
            "ul",
            "td-x",
            "main",
            "pre",
        ]);
        (tag, prop::option::of(text()), text(), prop::collection::vec(inner, 0..5)).prop_map(
            |(tag, title, data, children)| Tree::Element { tag, title, data, children: joined(children) },
        )
    })
}

/// Neighbouring texts are one text to a parser.
fn joined(trees: Vec<Tree>) -> Vec<Tree> {
    let mut out: Vec<Tree> = Vec::new();
    for tree in trees {
        match (out.last_mut(), tree) {
            (Some(Tree::Text(last)), Tree::Text(text)) => last.push_str(&text),
            (_, tree) => out.push(tree),
        }
    }
    out
}

/// What a browser makes of HTML inside of an element. Dropping it empties its nodes.
struct Parsed {
    _dom: RcDom,
    nodes: Vec<Handle>,
}

impl Parsed {
    fn new(html: &str) -> Self {
        let context = html5ever::QualName::new(None, ns!(html), local_name!("body"));
        // A byte order mark is of the encoding, and what is parsed here has been decoded.
        let tokenizer = TokenizerOpts { discard_bom: false, ..TokenizerOpts::default() };
        let options = ParseOpts { tokenizer, ..ParseOpts::default() };
        let dom = parse_fragment(RcDom::default(), options, context, Vec::new(), false).one(html);
        let root = dom.document.children.borrow()[0].clone();
        let nodes = root.children.borrow().clone();
        Self { _dom: dom, nodes }
    }
}

fn attribute(node: &Handle, name: &str) -> Option<String> {
    let NodeData::Element { attrs, .. } = &node.data else { return None };
    attrs.borrow().iter().find(|attr| &*attr.name.local == name).map(|attr| attr.value.to_string())
}

fn text_of(node: &Handle) -> String {
    match &node.data {
        NodeData::Text { contents } => contents.borrow().to_string(),
        _ => node.children.borrow().iter().map(text_of).collect(),
    }
}

fn read(node: &Handle) -> Tree {
    match &node.data {
        NodeData::Text { contents } => Tree::Text(contents.borrow().to_string()),
        NodeData::Element { name, .. } => {
            let tags = ["div", "span", "section", "em", "my-widget", "ul", "td-x", "main", "pre"];
            Tree::Element {
                tag: tags.into_iter().find(|tag| *tag == &*name.local).expect("an element that was written"),
                title: attribute(node, "title"),
                data: attribute(node, "data-x").unwrap_or_default(),
                children: node.children.borrow().iter().map(read).collect(),
            }
        }
        other => panic!("nothing else was written: {other:?}"),
    }
}

#[component]
fn Text(text: &str) -> Html {
    html! { {text} }
}

/// Parsers drop one newline after `<pre>`, `<listing>` and `<textarea>`, and CR and CRLF are newlines to them.
#[test]
fn the_first_newline_of_preformatted_text_stays() {
    let (pre, div) = (TagName::new("pre").unwrap(), TagName::new("div").unwrap());
    for value in ["\n  log", "\r  log", "\r\n  log", "\n\n", "\r\n\r\n", "\n", "log", ""] {
        let expected = value.replace("\r\n", "\n").replace('\r', "\n");
        let (is_on, none) = (true, None::<&str>);
        let first = value.chars().next();
        let page = html! {
            <pre>{value}</pre>
            <pre>if is_on { {value} }</pre>
            <pre>for value in [value] { {value} }</pre>
            <pre>match is_on { true => {{value}} false => {} }</pre>
            <pre>let same = value; {same}</pre>
            <pre><Text text={value}/></pre>
            <pre><>{value}</></pre>
            <pre>{none}{value}</pre>
            <pre>"" {value}</pre>
            <pre>{first}{value.get(1..)}</pre>
            <pre><b>{value}</b></pre>
            <pre><!-- "c" -->{value}</pre>
            <"listing">{value}</"listing">
            <"LISTING">{value}</"LISTING">
            <textarea>{value}</textarea>
            <textarea>if is_on { {value} }</textarea>
            <{pre}>{value}</{pre}>
            <{pre}>if is_on { {value} }</{pre}>
            <{div}>{value}</{div}>
            <div>{value}</div>
        };
        for (at, node) in Parsed::new(page.as_str()).nodes.iter().enumerate() {
            assert_eq!(text_of(node), expected, "{at}: {value:?} in {}", page.as_str());
        }
    }
    let known = html! {
        <pre>"\n  log"</pre><pre>{"\n  log"}</pre><pre>"\r\n  log"</pre><pre>"\r  log"</pre><pre>"" "\n  log"</pre>
        <"listing">"\n  log"</"listing"><textarea>"\n  log"</textarea><textarea>"\r\n  log"</textarea><textarea>"\r  log"</textarea>
        <{pre}>"\n  log"</{pre}><{pre}>"\r\n  log"</{pre}>
    };
    for (at, node) in Parsed::new(known.as_str()).nodes.iter().enumerate() {
        assert_eq!(text_of(node), "\n  log", "{at} of {}", known.as_str());
    }
    assert_eq!(
        html! { <pre>"log"</pre><textarea>"log"</textarea> },
        "<pre>log</pre><textarea>log</textarea>"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn trees_come_back(trees in prop::collection::vec(tree(), 0..4)) {
        let trees = joined(trees);
        let html = html! { {&trees} };
        let back: Vec<Tree> = Parsed::new(html.as_str()).nodes.iter().map(read).collect();
        prop_assert_eq!(back, trees);
    }

    #[test]
    fn values_come_back_from_every_context(value in text()) {
        let inner = html! { <p title={value}>{value}</p> };
        let page: Html = html! {
            <title>{value}</title>
            <textarea>{value}</textarea>
            <script>"let value = " {json(&value)} ";"</script>
            <div data-signals={json(&value)} data-text={json(&value)} onclick={"f(", json(&value), ")"}></div>
            <iframe srcdoc={inner}></iframe>
            <p style:color={value} class="a" class:b={true}></p>
            <svg><style>"a > b { content: '&amp;<c>' }"</style><script>"let value = " {json(&value)} ";"</script></svg>
        };
        let parsed = Parsed::new(page.as_str());
        let nodes = &parsed.nodes;
        prop_assert_eq!(nodes.len(), 7);
        // In SVG a parser decodes entities in style sheets and scripts.
        let in_svg = nodes[6].children.borrow();
        prop_assert_eq!(in_svg.len(), 2);
        prop_assert_eq!(text_of(&in_svg[0]), "a > b { content: '&amp;<c>' }");
        prop_assert_eq!(text_of(&in_svg[1]), text_of(&nodes[2]));
        prop_assert_eq!(text_of(&nodes[0]), value.clone());
        prop_assert_eq!(text_of(&nodes[1]), value.clone());
        let script = text_of(&nodes[2]);
        let literal = script.strip_prefix("let value = ").and_then(|rest| rest.strip_suffix(';')).expect("one literal");
        prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), value.clone());
        for name in ["data-signals", "data-text"] {
            let literal = attribute(&nodes[3], name).unwrap();
            prop_assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), value.clone());
        }
        let call = attribute(&nodes[3], "onclick").unwrap();
        let literal = call.strip_prefix("f(").and_then(|rest| rest.strip_suffix(')')).expect("one argument");
        prop_assert_eq!(serde_json::from_str::<String>(literal).unwrap(), value.clone());
        let inner = Parsed::new(&attribute(&nodes[4], "srcdoc").unwrap());
        let inner = &inner.nodes;
        prop_assert_eq!(inner.len(), 1);
        prop_assert_eq!(text_of(&inner[0]), value.clone());
        prop_assert_eq!(attribute(&inner[0], "title"), Some(value));
        prop_assert_eq!(attribute(&nodes[5], "class"), Some("a b".to_owned()));
        let style = attribute(&nodes[5], "style").unwrap();
        prop_assert!(style.starts_with("color:") && !style.contains('\\'), "{}", style);
        // What is in CSS strings stays there, and what is outside of them ends nothing.
        let mut rest = style.as_str();
        let mut outside = String::new();
        while let Some(at) = rest.find(['"', '\'']) {
            outside.push_str(&rest[..at]);
            let end = rest[at + 1..].find(&rest[at..=at]);
            prop_assert!(end.is_some(), "{}", style);
            let string = &rest[at..at + 2 + end.unwrap()];
            prop_assert!(!string.contains('\n'), "{}", style);
            rest = &rest[at + string.len()..];
        }
        outside.push_str(rest);
        prop_assert!(!outside.contains([';', '{', '}', '<']) && !outside.contains("/*"), "{}", style);
    }

    #[test]
    fn urls_never_run_code(prefix in "[ \t\n\u{1}a-zA-Z:/?#&;]{0,6}", scheme in prop::sample::select(vec!["javascript", "JavaScript", "vbscript", "data"]), rest in text()) {
        let url = format!("{prefix}{scheme}:{rest}");
        let html = html! { <a href={url}></a><a href={"", url}></a><a href={(&prefix, scheme, ":", &rest)}></a> };
        for node in &Parsed::new(html.as_str()).nodes {
            let href = attribute(node, "href").unwrap();
            // What a browser reads: leading controls and spaces off, tabs and newlines out.
            let read: String = href.trim_start_matches(|c: char| c <= ' ').chars().filter(|c| !matches!(c, '\t' | '\n' | '\r')).collect();
            let read = read.to_ascii_lowercase();
            prop_assert!(!["javascript:", "vbscript:", "data:"].iter().any(|scheme| read.starts_with(scheme)), "{}", href);
        }
    }
}
