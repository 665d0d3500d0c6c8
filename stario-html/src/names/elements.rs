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
    [HTML, SVG, MATHML].into_iter().find_map(|table| {
        let at = table.binary_search_by_key(&name, |element| element.name).ok()?;
        table.get(at)
    })
}

/// Tells whether a parser drops a newline right after the opening tag of `element`.
#[must_use]
pub fn drops_first_newline(element: &str) -> bool {
    ["listing", "pre", "textarea"].iter().any(|name| name.eq_ignore_ascii_case(element))
}

/// All names, HTML first.
pub fn element_names() -> impl Iterator<Item = &'static str> {
    HTML.iter().chain(SVG).chain(MATHML).map(|element| element.name)
}

/// Makes a table, and for rust-analyzer an item for each name, which the expansion mentions where the name is written.
macro_rules! elements {
    ($table:ident, $module:ident, $namespace:ident; $($name:ident $(= $written:literal)?: $content:ident, $attributes:literal;)*) => {
        static $table: &[Element] = &[$(Element {
            name: elements!(@name $name $($written)?),
            namespace: Namespace::$namespace,
            content: Content::$content,
            attributes: $attributes,
        }),*];

        // rustc never sees it.
        #[cfg(rust_analyzer)]
        #[allow(non_upper_case_globals)]
        pub mod $module {
            $(
                #[doc = concat!("`<", elements!(@name $name $($written)?), ">`, with these attributes of its own: ", $attributes)]
                pub const $name: () = ();
            )*
        }
    };
    (@name $name:ident $written:literal) => { $written };
    (@name $name:ident) => { stringify!($name) };
}

elements! {
    HTML, html, Html;
    a: Normal, "attributionsrc download href hreflang name ping referrerpolicy rel target type";
    abbr: Normal, "";
    address: Normal, "";
    area: Void, "alt coords download href ping referrerpolicy rel shape target";
    article: Normal, "";
    aside: Normal, "";
    audio: Normal, "autoplay controls controlslist crossorigin disableremoteplayback loop muted preload src";
    b: Normal, "";
    base: Void, "href target";
    bdi: Normal, "";
    bdo: Normal, "";
    blockquote: Normal, "cite";
    body: Normal, "onafterprint onbeforeprint onbeforeunload onhashchange onlanguagechange onmessage \
        onmessageerror onoffline ononline onpagehide onpagereveal onpageshow onpageswap onpopstate \
        onrejectionhandled onstorage onunhandledrejection onunload";
    br: Void, "";
    button: Normal, "command commandfor disabled form formaction formenctype formmethod formnovalidate \
        formtarget name popovertarget popovertargetaction type value";
    canvas: Normal, "height width";
    caption: Normal, "";
    cite: Normal, "";
    code: Normal, "";
    col: Void, "span width";
    colgroup: Normal, "span";
    data: Normal, "value";
    datalist: Normal, "";
    dd: Normal, "";
    del: Normal, "cite datetime";
    details: Normal, "name open";
    dfn: Normal, "";
    dialog: Normal, "closedby open";
    div: Normal, "";
    dl: Normal, "";
    dt: Normal, "";
    em: Normal, "";
    embed: Void, "height src type width";
    fencedframe: Normal, "allow height width";
    fieldset: Normal, "disabled form name";
    figcaption: Normal, "";
    figure: Normal, "";
    footer: Normal, "";
    form: Normal, "accept-charset action autocomplete enctype method name novalidate rel target";
    h1: Normal, "";
    h2: Normal, "";
    h3: Normal, "";
    h4: Normal, "";
    h5: Normal, "";
    h6: Normal, "";
    head: Normal, "";
    header: Normal, "";
    hgroup: Normal, "";
    hr: Void, "";
    html: Normal, "xmlns";
    i: Normal, "";
    iframe: Raw, "allow allowfullscreen credentialless csp frameborder height loading name referrerpolicy \
        sandbox scrolling src srcdoc width";
    img: Void, "alt attributionsrc crossorigin decoding elementtiming fetchpriority height ismap loading \
        referrerpolicy sizes src srcset usemap width";
    input: Void, "accept alpha alt autocapitalize autocomplete capture checked colorspace dirname disabled \
        form formaction formenctype formmethod formnovalidate formtarget height incremental list max \
        maxlength min minlength multiple name pattern placeholder popovertarget popovertargetaction \
        readonly required results size src step switch type value width";
    ins: Normal, "cite datetime";
    kbd: Normal, "";
    label: Normal, "for";
    legend: Normal, "";
    li: Normal, "value";
    link: Void, "as blocking color crossorigin disabled fetchpriority href hreflang imagesizes imagesrcset \
        integrity media referrerpolicy rel sizes type";
    main: Normal, "";
    map: Normal, "name";
    mark: Normal, "";
    menu: Normal, "";
    meta: Void, "charset content http-equiv media name property";
    meter: Normal, "high low max min optimum value";
    nav: Normal, "";
    noscript: Normal, "";
    object: Normal, "data form height name type usemap width";
    ol: Normal, "reversed start type";
    optgroup: Normal, "disabled label";
    option: Normal, "disabled label selected value";
    output: Normal, "for form name";
    p: Normal, "";
    picture: Normal, "";
    pre: Normal, "";
    progress: Normal, "max value";
    q: Normal, "cite";
    rp: Normal, "";
    rt: Normal, "";
    ruby: Normal, "";
    s: Normal, "";
    samp: Normal, "";
    script: Script, "async attributionsrc blocking charset crossorigin defer fetchpriority integrity \
        language nomodule referrerpolicy src type";
    search: Normal, "";
    section: Normal, "";
    select: Normal, "autocomplete disabled form multiple name required size";
    selectedcontent: Normal, "";
    slot: Normal, "name";
    small: Normal, "";
    source: Void, "height media sizes src srcset type width";
    span: Normal, "";
    strong: Normal, "";
    style: Style, "blocking media type";
    sub: Normal, "";
    summary: Normal, "";
    sup: Normal, "";
    table: Normal, "";
    tbody: Normal, "";
    td: Normal, "colspan headers rowspan";
    template: Normal, "shadowrootclonable shadowrootcustomelementregistry shadowrootdelegatesfocus \
        shadowrootmode shadowrootserializable";
    textarea: Rcdata, "autocapitalize autocomplete cols dirname disabled form maxlength minlength name \
        placeholder readonly required rows wrap";
    tfoot: Normal, "";
    th: Normal, "abbr colspan headers rowspan scope";
    thead: Normal, "";
    time: Normal, "datetime";
    title: Rcdata, "";
    tr: Normal, "";
    track: Void, "default kind label src srclang";
    u: Normal, "";
    ul: Normal, "";
    var: Normal, "";
    video: Normal, "autoplay controls controlslist crossorigin disablepictureinpicture \
        disableremoteplayback height loop muted playsinline poster preload src width";
    wbr: Void, "";
}

elements! {
    SVG, svg, Svg;
    animate: Normal, "";
    animateMotion: Normal, "";
    animateTransform: Normal, "";
    circle: Normal, "";
    clipPath: Normal, "";
    defs: Normal, "";
    desc: Normal, "";
    ellipse: Normal, "";
    feBlend: Normal, "";
    feColorMatrix: Normal, "";
    feComponentTransfer: Normal, "";
    feComposite: Normal, "";
    feConvolveMatrix: Normal, "";
    feDiffuseLighting: Normal, "";
    feDisplacementMap: Normal, "";
    feDistantLight: Normal, "";
    feDropShadow: Normal, "";
    feFlood: Normal, "";
    feFuncA: Normal, "";
    feFuncB: Normal, "";
    feFuncG: Normal, "";
    feFuncR: Normal, "";
    feGaussianBlur: Normal, "";
    feImage: Normal, "";
    feMerge: Normal, "";
    feMergeNode: Normal, "";
    feMorphology: Normal, "";
    feOffset: Normal, "";
    fePointLight: Normal, "";
    feSpecularLighting: Normal, "";
    feSpotLight: Normal, "";
    feTile: Normal, "";
    feTurbulence: Normal, "";
    filter: Normal, "";
    foreignObject: Normal, "";
    g: Normal, "";
    image: Normal, "";
    line: Normal, "";
    linearGradient: Normal, "";
    marker: Normal, "";
    mask: Normal, "";
    metadata: Normal, "";
    mpath: Normal, "";
    path: Normal, "";
    pattern: Normal, "";
    polygon: Normal, "";
    polyline: Normal, "";
    radialGradient: Normal, "";
    rect: Normal, "";
    set: Normal, "";
    stop: Normal, "";
    svg: Normal, "";
    switch: Normal, "";
    symbol: Normal, "";
    text: Normal, "";
    textPath: Normal, "";
    tspan: Normal, "";
    r#use = "use": Normal, "";
    view: Normal, "";
}

elements! {
    MATHML, mathml, MathMl;
    annotation: Normal, "";
    annotation_xml = "annotation-xml": Normal, "";
    maction: Normal, "";
    math: Normal, "";
    merror: Normal, "";
    mfrac: Normal, "";
    mi: Normal, "";
    mmultiscripts: Normal, "";
    mn: Normal, "";
    mo: Normal, "";
    mover: Normal, "";
    mpadded: Normal, "";
    mphantom: Normal, "";
    mprescripts: Normal, "";
    mroot: Normal, "";
    mrow: Normal, "";
    ms: Normal, "";
    mspace: Normal, "";
    msqrt: Normal, "";
    mstyle: Normal, "";
    msub: Normal, "";
    msubsup: Normal, "";
    msup: Normal, "";
    mtable: Normal, "";
    mtd: Normal, "";
    mtext: Normal, "";
    mtr: Normal, "";
    munder: Normal, "";
    munderover: Normal, "";
    semantics: Normal, "";
}

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
