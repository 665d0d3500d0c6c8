//! The elements, and what may be inside them.

/// The language an element belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// HTML.
    Html,
    /// SVG.
    Svg,
    /// `MathML`.
    MathMl,
}

/// How a parser reads what is inside an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Elements and text.
    Normal,
    /// Nothing, not even a closing tag.
    Void,
    /// Text with entities, no elements: `<textarea>`, `<title>`.
    Rcdata,
    /// JavaScript or data, read without entities up to `</script`.
    Script,
    /// CSS, read without entities up to `</style`.
    Style,
    /// Other text that is read without entities; nothing of it is worth writing.
    Raw,
}

/// One element of the table.
#[derive(Clone, Copy, Debug)]
pub struct Element {
    /// The name as it is written.
    pub name: &'static str,
    /// The language it belongs to.
    pub namespace: Namespace,
    /// What may be inside.
    pub content: Content,
    /// The attributes of its own, separated by spaces; the global ones are not repeated.
    pub attributes: &'static str,
}

/// Finds an element by its name. A name that SVG shares with HTML (`a`, `script`, `style`, `title`) is the HTML one.
#[must_use]
pub fn element(name: &str) -> Option<&'static Element> {
    HTML.iter().chain(SVG).chain(MATHML).find(|element| element.name == name)
}

/// All names, HTML first.
pub fn element_names() -> impl Iterator<Item = &'static str> {
    HTML.iter().chain(SVG).chain(MATHML).map(|element| element.name)
}

const fn html(name: &'static str, attributes: &'static str) -> Element {
    Element { name, namespace: Namespace::Html, content: Content::Normal, attributes }
}

const fn with(name: &'static str, content: Content, attributes: &'static str) -> Element {
    Element { name, namespace: Namespace::Html, content, attributes }
}

const fn svg(name: &'static str) -> Element {
    Element { name, namespace: Namespace::Svg, content: Content::Normal, attributes: "" }
}

const fn mathml(name: &'static str) -> Element {
    Element { name, namespace: Namespace::MathMl, content: Content::Normal, attributes: "" }
}

static HTML: &[Element] = &[
    html("a", "attributionsrc download href hreflang name ping referrerpolicy rel target type"),
    html("abbr", ""),
    html("address", ""),
    with("area", Content::Void, "alt coords download href ping referrerpolicy rel shape target"),
    html("article", ""),
    html("aside", ""),
    html("audio", "autoplay controls controlslist crossorigin disableremoteplayback loop muted preload src"),
    html("b", ""),
    with("base", Content::Void, "href target"),
    html("bdi", ""),
    html("bdo", ""),
    html("blockquote", "cite"),
    html(
        "body",
        "onafterprint onbeforeprint onbeforeunload onhashchange onlanguagechange onmessage onmessageerror \
        onoffline ononline onpagehide onpagereveal onpageshow onpageswap onpopstate onrejectionhandled onstorage \
        onunhandledrejection onunload",
    ),
    with("br", Content::Void, ""),
    html(
        "button",
        "command commandfor disabled form formaction formenctype formmethod formnovalidate formtarget name \
        popovertarget popovertargetaction type value",
    ),
    html("canvas", "height width"),
    html("caption", ""),
    html("cite", ""),
    html("code", ""),
    with("col", Content::Void, "span width"),
    html("colgroup", "span"),
    html("data", "value"),
    html("datalist", ""),
    html("dd", ""),
    html("del", "cite datetime"),
    html("details", "name open"),
    html("dfn", ""),
    html("dialog", "closedby open"),
    html("div", ""),
    html("dl", ""),
    html("dt", ""),
    html("em", ""),
    with("embed", Content::Void, "height src type width"),
    html("fencedframe", "allow height width"),
    html("fieldset", "disabled form name"),
    html("figcaption", ""),
    html("figure", ""),
    html("footer", ""),
    html("form", "accept-charset action autocomplete enctype method name novalidate rel target"),
    html("h1", ""),
    html("h2", ""),
    html("h3", ""),
    html("h4", ""),
    html("h5", ""),
    html("h6", ""),
    html("head", ""),
    html("header", ""),
    html("hgroup", ""),
    with("hr", Content::Void, ""),
    html("html", "xmlns"),
    html("i", ""),
    with(
        "iframe",
        Content::Raw,
        "allow allowfullscreen credentialless csp frameborder height loading name \
        referrerpolicy sandbox scrolling src srcdoc width",
    ),
    with(
        "img",
        Content::Void,
        "alt attributionsrc crossorigin decoding elementtiming fetchpriority height ismap \
        loading referrerpolicy sizes src srcset usemap width",
    ),
    with(
        "input",
        Content::Void,
        "accept alpha alt autocapitalize autocomplete capture checked colorspace dirname \
        disabled form formaction formenctype formmethod formnovalidate formtarget height incremental list max \
        maxlength min minlength multiple name pattern placeholder popovertarget popovertargetaction readonly required \
        results size src step switch type value width",
    ),
    html("ins", "cite datetime"),
    html("kbd", ""),
    html("label", "for"),
    html("legend", ""),
    html("li", "value"),
    with(
        "link",
        Content::Void,
        "as blocking color crossorigin disabled fetchpriority href hreflang imagesizes \
        imagesrcset integrity media referrerpolicy rel sizes type",
    ),
    html("main", ""),
    html("map", "name"),
    html("mark", ""),
    html("menu", ""),
    with("meta", Content::Void, "charset content http-equiv media name property"),
    html("meter", "high low max min optimum value"),
    html("nav", ""),
    with("noscript", Content::Normal, ""),
    html("object", "data form height name type usemap width"),
    html("ol", "reversed start type"),
    html("optgroup", "disabled label"),
    html("option", "disabled label selected value"),
    html("output", "for form name"),
    html("p", ""),
    html("picture", ""),
    html("pre", ""),
    html("progress", "max value"),
    html("q", "cite"),
    html("rp", ""),
    html("rt", ""),
    html("ruby", ""),
    html("s", ""),
    html("samp", ""),
    with(
        "script",
        Content::Script,
        "async attributionsrc blocking charset crossorigin defer fetchpriority integrity \
        language nomodule referrerpolicy src type",
    ),
    html("search", ""),
    html("section", ""),
    html("select", "autocomplete disabled form multiple name required size"),
    html("selectedcontent", ""),
    html("slot", "name"),
    html("small", ""),
    with("source", Content::Void, "height media sizes src srcset type width"),
    html("span", ""),
    html("strong", ""),
    with("style", Content::Style, "blocking media type"),
    html("sub", ""),
    html("summary", ""),
    html("sup", ""),
    html("table", ""),
    html("tbody", ""),
    html("td", "colspan headers rowspan"),
    html(
        "template",
        "shadowrootclonable shadowrootcustomelementregistry shadowrootdelegatesfocus shadowrootmode \
        shadowrootserializable",
    ),
    with(
        "textarea",
        Content::Rcdata,
        "autocapitalize autocomplete cols dirname disabled form maxlength minlength name \
        placeholder readonly required rows wrap",
    ),
    html("tfoot", ""),
    html("th", "abbr colspan headers rowspan scope"),
    html("thead", ""),
    html("time", "datetime"),
    with("title", Content::Rcdata, ""),
    html("tr", ""),
    with("track", Content::Void, "default kind label src srclang"),
    html("u", ""),
    html("ul", ""),
    html("var", ""),
    html(
        "video",
        "autoplay controls controlslist crossorigin disablepictureinpicture disableremoteplayback height loop \
        muted playsinline poster preload src width",
    ),
    with("wbr", Content::Void, ""),
];

static SVG: &[Element] = &[
    svg("animate"),
    svg("animateMotion"),
    svg("animateTransform"),
    svg("circle"),
    svg("clipPath"),
    svg("defs"),
    svg("desc"),
    svg("ellipse"),
    svg("feBlend"),
    svg("feColorMatrix"),
    svg("feComponentTransfer"),
    svg("feComposite"),
    svg("feConvolveMatrix"),
    svg("feDiffuseLighting"),
    svg("feDisplacementMap"),
    svg("feDistantLight"),
    svg("feDropShadow"),
    svg("feFlood"),
    svg("feFuncA"),
    svg("feFuncB"),
    svg("feFuncG"),
    svg("feFuncR"),
    svg("feGaussianBlur"),
    svg("feImage"),
    svg("feMerge"),
    svg("feMergeNode"),
    svg("feMorphology"),
    svg("feOffset"),
    svg("fePointLight"),
    svg("feSpecularLighting"),
    svg("feSpotLight"),
    svg("feTile"),
    svg("feTurbulence"),
    svg("filter"),
    svg("foreignObject"),
    svg("g"),
    svg("image"),
    svg("line"),
    svg("linearGradient"),
    svg("marker"),
    svg("mask"),
    svg("metadata"),
    svg("mpath"),
    svg("path"),
    svg("pattern"),
    svg("polygon"),
    svg("polyline"),
    svg("radialGradient"),
    svg("rect"),
    svg("set"),
    svg("stop"),
    svg("svg"),
    svg("switch"),
    svg("symbol"),
    svg("text"),
    svg("textPath"),
    svg("tspan"),
    svg("use"),
    svg("view"),
];

static MATHML: &[Element] = &[
    mathml("annotation"),
    mathml("annotation-xml"),
    mathml("maction"),
    mathml("math"),
    mathml("merror"),
    mathml("mfrac"),
    mathml("mi"),
    mathml("mmultiscripts"),
    mathml("mn"),
    mathml("mo"),
    mathml("mover"),
    mathml("mpadded"),
    mathml("mphantom"),
    mathml("mprescripts"),
    mathml("mroot"),
    mathml("mrow"),
    mathml("ms"),
    mathml("mspace"),
    mathml("msqrt"),
    mathml("mstyle"),
    mathml("msub"),
    mathml("msubsup"),
    mathml("msup"),
    mathml("mtable"),
    mathml("mtd"),
    mathml("mtext"),
    mathml("mtr"),
    mathml("munder"),
    mathml("munderover"),
    mathml("semantics"),
];

#[cfg(test)]
mod tests {
    use super::{Content, HTML, MATHML, SVG, element};

    #[test]
    fn tables_are_sorted_and_without_repetition() {
        for table in [HTML, SVG, MATHML] {
            let names: Vec<_> = table.iter().map(|element| element.name).collect();
            let mut sorted = names.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(names, sorted);
        }
    }

    #[test]
    fn knows_what_is_inside() {
        for (name, content) in [
            ("br", Content::Void),
            ("div", Content::Normal),
            ("title", Content::Rcdata),
            ("script", Content::Script),
            ("style", Content::Style),
            ("iframe", Content::Raw),
            ("path", Content::Normal),
        ] {
            assert_eq!(element(name).unwrap().content, content, "{name}");
        }
        assert!(element("dvi").is_none());
    }
}
