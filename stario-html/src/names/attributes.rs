//! The attributes: which element has them, and what their value means.

use super::datastar::{DatastarName, ValueRule, plugin};
use super::elements::{Element, Namespace};

/// What the value of an attribute means, and so what may be written there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttrKind {
    /// Characters.
    Plain,
    /// Present or not: `disabled`.
    Boolean,
    /// Present or not, or a text: `hidden`, `download`.
    FlagOrText,
    /// Spelled out: `aria-busy="false"`.
    TrueFalse,
    /// One URL.
    Url,
    /// The URL of what runs in the page: the `src` of a script.
    CodeUrl,
    /// A delay and a URL: the `content` of a `<meta http-equiv="refresh">`.
    Refresh,
    /// Several URLs: `srcset`, `ping`.
    UrlList,
    /// CSS declarations.
    Style,
    /// JavaScript run on an event: `onclick`.
    Handler,
    /// A whole HTML document: `srcdoc`.
    Srcdoc,
    /// JavaScript run by Datastar, or by another framework of its kind.
    Expression,
}

impl AttrKind {
    /// Tells whether text there is read again, as JavaScript or as a document: quotes, braces and entities are its own.
    #[must_use]
    pub fn is_code(self) -> bool {
        matches!(self, Self::Srcdoc | Self::Handler | Self::Expression)
    }
}

/// The elements that run what one of their URLs leads to.
const LOADS_CODE: [&str; 7] = ["base", "embed", "frame", "iframe", "link", "object", "script"];

/// Tells whether `element` may run what one of its URLs leads to.
#[must_use]
pub fn runs_what_it_loads(element: &str) -> bool {
    LOADS_CODE.iter().any(|known| known.eq_ignore_ascii_case(element))
}

/// What the value of `name` means; `element` matters for the few names that mean different things. `""` is an
/// element chosen at run time: it may be any, so the strictest meaning counts.
#[must_use]
pub fn attr_kind(element: &str, name: &str) -> AttrKind {
    let lower;
    let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
        lower = name.to_ascii_lowercase();
        &lower
    } else {
        name
    };
    if let Some(rest) = name.strip_prefix("data-") {
        return data_kind(rest);
    }
    if name.starts_with("aria-") {
        return AttrKind::TrueFalse;
    }
    // What Alpine, Vue, htmx and hyperscript run as code.
    if name.starts_with(['@', ':', '_'])
        || ["x-", "v-", "hx-on", "hx-vals", "hx-vars"].iter().any(|p| name.starts_with(p))
    {
        return AttrKind::Expression;
    }
    let is_on = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(element));
    match name {
        "src" if is_on(&["embed", "frame", "iframe", "script"]) => AttrKind::CodeUrl,
        // In SVG a script has a `href`.
        "href" | "xlink:href" if is_on(&["base", "link", "script"]) => AttrKind::CodeUrl,
        "data" if is_on(&["object", ""]) => AttrKind::CodeUrl,
        "content" if is_on(&["meta", ""]) => AttrKind::Refresh,
        "style" => AttrKind::Style,
        "srcdoc" => AttrKind::Srcdoc,
        "srcset" | "imagesrcset" | "ping" | "attributionsrc" | "archive" => AttrKind::UrlList,
        "href" | "src" | "action" | "formaction" | "poster" | "cite" | "manifest" | "background"
        | "codebase" | "icon" | "longdesc" | "profile" | "usemap" | "xlink:href" | "xml:base"
        | "xmlns:xlink" | "hx-get" | "hx-post" | "hx-put" | "hx-patch" | "hx-delete" => AttrKind::Url,
        // The values an SVG animation assigns may be those of `href`.
        "to" | "from" | "by" if is_on(&["animate", "set", ""]) => AttrKind::Url,
        "values" if is_on(&["animate", "set", ""]) => AttrKind::UrlList,
        "draggable" | "spellcheck" | "contenteditable" | "writingsuggestions" => AttrKind::TrueFalse,
        "hidden" | "download" | "popover" | "capture" | "crossorigin" => AttrKind::FlagOrText,
        _ if name.starts_with("on") => AttrKind::Handler,
        _ if BOOLEAN.contains(&name) => AttrKind::Boolean,
        _ => AttrKind::Plain,
    }
}

/// The kind of a `data-` attribute, `data-` taken off.
fn data_kind(rest: &str) -> AttrKind {
    let name = DatastarName::parse(rest);
    match plugin(name.plugin).map(|plugin| plugin.value) {
        Some(ValueRule::Expression | ValueRule::OptionalExpression) => AttrKind::Expression,
        _ => AttrKind::Plain,
    }
}

/// The attributes that are present or not, whatever their value.
const BOOLEAN: &[&str] = &[
    "allowfullscreen",
    "alpha",
    "async",
    "autofocus",
    "autoplay",
    "checked",
    "controls",
    "credentialless",
    "default",
    "defer",
    "disabled",
    "disablepictureinpicture",
    "disableremoteplayback",
    "formnovalidate",
    "incremental",
    "inert",
    "ismap",
    "itemscope",
    "loop",
    "multiple",
    "muted",
    "nomodule",
    "novalidate",
    "open",
    "playsinline",
    "readonly",
    "required",
    "reversed",
    "selected",
    "shadowrootclonable",
    "shadowrootcustomelementregistry",
    "shadowrootdelegatesfocus",
    "shadowrootserializable",
    "switch",
];

/// The attributes every HTML element has.
const GLOBAL: &str = "accesskey anchor autocapitalize autocorrect autofocus class contenteditable dir draggable \
    elementtiming enterkeyhint exportparts hidden id inert inputmode is itemid itemprop itemref itemscope itemtype lang \
    nonce part popover property role slot spellcheck style tabindex title translate virtualkeyboardpolicy \
    writingsuggestions";

/// The event handlers every element has.
const EVENTS: &str = "onabort onanimationcancel onanimationend onanimationiteration onanimationstart onauxclick \
    onbeforecopy onbeforecut onbeforeinput onbeforematch onbeforepaste onbeforetoggle onblur oncancel oncanplay \
    oncanplaythrough onchange onclick onclose oncommand oncontentvisibilityautostatechange oncontextlost oncontextmenu \
    oncontextrestored oncopy oncuechange oncut ondblclick ondrag ondragend ondragenter ondragleave ondragover ondragstart \
    ondrop ondurationchange onemptied onended onerror onfocus onfocusin onfocusout onformdata onfullscreenchange \
    onfullscreenerror ongotpointercapture oninput oninvalid onkeydown onkeypress onkeyup onload onloadeddata \
    onloadedmetadata onloadstart onlostpointercapture onmousedown onmouseenter onmouseleave onmousemove onmouseout \
    onmouseover onmouseup onpaste onpause onplay onplaying onpointercancel onpointerdown onpointerenter onpointerleave \
    onpointermove onpointerout onpointerover onpointerrawupdate onpointerup onprogress onratechange onreset onresize \
    onscroll onscrollend onscrollsnapchange onscrollsnapchanging onsearch onsecuritypolicyviolation onseeked onseeking \
    onselect onselectionchange onselectstart onslotchange onstalled onsubmit onsuspend ontimeupdate ontoggle ontouchcancel \
    ontouchend ontouchmove ontouchstart ontransitioncancel ontransitionend ontransitionrun ontransitionstart \
    onvolumechange onwaiting onwheel";

/// The accessibility attributes every element has.
const ARIA: &str = "aria-activedescendant aria-atomic aria-autocomplete aria-braillelabel aria-brailleroledescription \
    aria-busy aria-checked aria-colcount aria-colindex aria-colindextext aria-colspan aria-controls aria-current \
    aria-describedby aria-description aria-details aria-disabled aria-dropeffect aria-errormessage aria-expanded \
    aria-flowto aria-grabbed aria-haspopup aria-hidden aria-invalid aria-keyshortcuts aria-label aria-labelledby aria-level \
    aria-live aria-modal aria-multiline aria-multiselectable aria-orientation aria-owns aria-placeholder aria-posinset \
    aria-pressed aria-readonly aria-relevant aria-required aria-roledescription aria-rowcount aria-rowindex \
    aria-rowindextext aria-rowspan aria-selected aria-setsize aria-sort aria-valuemax aria-valuemin aria-valuenow \
    aria-valuetext";

/// The attributes of SVG elements. One list for all: a wrong one there is harmless and rare.
const SVG: &str = "accent-height accumulate additive alignment-baseline alphabetic amplitude attributeName attributeType \
    azimuth baseFrequency baseline-shift bbox begin bias by calcMode clip clip-path clip-rule clipPathUnits color \
    color-interpolation color-interpolation-filters crossorigin cursor cx cy d decoding decelerate diffuseConstant \
    direction display divisor dominant-baseline download dur dx dy edgeMode elevation enable-background end exponent \
    fetchpriority fill fill-opacity fill-rule filter filterUnits flood-color flood-opacity focusable font-family font-size \
    font-size-adjust font-stretch font-style font-variant font-weight fr from fx fy g1 g2 glyph-name \
    glyph-orientation-horizontal glyph-orientation-vertical gradientTransform gradientUnits height href hreflang \
    image-rendering in in2 intercept k k1 k2 k3 k4 kernelMatrix kernelUnitLength kerning keyPoints keySplines keyTimes \
    lengthAdjust letter-spacing lighting-color limitingConeAngle marker-end marker-mid marker-start markerHeight \
    markerUnits markerWidth mask mask-type maskContentUnits maskUnits max media method min mode name numOctaves offset \
    opacity operator order orient origin overflow paint-order pathLength patternContentUnits patternTransform patternUnits \
    ping pointer-events points pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio primitiveUnits r radius \
    refX refY referrerpolicy rel repeatCount repeatDur requiredExtensions requiredFeatures restart result rotate rx ry \
    scale seed shape-rendering side spacing specularConstant specularExponent spreadMethod startOffset stdDeviation \
    stitchTiles stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset stroke-linecap stroke-linejoin \
    stroke-miterlimit stroke-opacity stroke-width surfaceScale systemLanguage tableValues target targetX targetY \
    text-anchor text-decoration text-overflow text-rendering textLength to transform transform-origin type unicode-bidi \
    values vector-effect version viewBox visibility white-space width word-spacing writing-mode x x1 x2 xChannelSelector \
    xmlns y y1 y2 yChannelSelector z zoomAndPan";

/// The attributes of `MathML` elements.
const MATHML: &str = "accent accentunder actiontype align columnalign columnlines columnspacing columnspan denomalign depth \
    dir display displaystyle encoding fence form frame framespacing height href largeop linethickness lspace mathbackground \
    mathcolor mathsize mathvariant maxsize minsize movablelimits notation numalign open close rowalign rowlines rowspacing \
    rowspan rspace scriptlevel scriptminsize scriptsizemultiplier selection separator separators stretchy subscriptshift \
    superscriptshift symmetric voffset width xmlns";

/// The words of a list, between which one space stands. Macros run unoptimized in most builds, where this is much faster than
/// `split_whitespace`.
fn words(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.split(' ').filter(|word| !word.is_empty())
}

/// All attributes that `element` may have; for an unknown element those of every element.
pub fn known_attributes(element: Option<&'static Element>) -> impl Iterator<Item = &'static str> {
    let own = match element.map(|element| (element.namespace, element.attributes)) {
        Some((Namespace::Html, own)) => own,
        Some((Namespace::Svg, _)) => SVG,
        Some((Namespace::MathMl, _)) => MATHML,
        None => "",
    };
    [own, GLOBAL, ARIA, EVENTS].into_iter().flat_map(words)
}

/// The names of the events a browser or Datastar fires, without the `on`.
pub fn event_names() -> impl Iterator<Item = &'static str> {
    let of_body = super::elements::element("body").map_or("", |body| body.attributes);
    [EVENTS, of_body].into_iter().flat_map(words).filter_map(|name| name.strip_prefix("on")).chain([
        "DOMContentLoaded",
        "datastar-fetch",
        "datastar-signal-patch",
        "popstate",
        "transitionend",
        "visibilitychange",
    ])
}

/// Whether `element` has an attribute `name`.
#[must_use]
pub fn is_known_attribute(element: &'static Element, name: &str) -> bool {
    // `a`, `script`, `style` and `title` are elements of SVG too.
    let is_shared = matches!(element.name, "a" | "script" | "style" | "title");
    known_attributes(Some(element)).any(|known| known == name)
        || (is_shared && words(SVG).any(|known| known == name))
        || ((is_shared || element.namespace != Namespace::Html) && FOREIGN.contains(&name))
        || FOREIGN_EVERYWHERE.contains(&name)
}

const FOREIGN: &[&str] = &[
    "xlink:actuate",
    "xlink:arcrole",
    "xlink:href",
    "xlink:role",
    "xlink:show",
    "xlink:title",
    "xlink:type",
    "xml:base",
    "xml:space",
    "xmlns:xlink",
];

const FOREIGN_EVERYWHERE: &[&str] = &["xml:lang"];

#[cfg(test)]
mod tests {
    use super::{AttrKind, BOOLEAN, attr_kind, is_known_attribute, known_attributes};
    use crate::names::element;

    #[test]
    fn knows_what_values_mean() {
        for (tag, name, kind) in [
            ("p", "title", AttrKind::Plain),
            ("input", "disabled", AttrKind::Boolean),
            ("div", "hidden", AttrKind::FlagOrText),
            ("div", "aria-busy", AttrKind::TrueFalse),
            ("a", "href", AttrKind::Url),
            ("use", "xlink:href", AttrKind::Url),
            ("object", "data", AttrKind::CodeUrl),
            ("", "data", AttrKind::CodeUrl),
            ("data", "data", AttrKind::Plain),
            ("script", "src", AttrKind::CodeUrl),
            ("script", "xlink:href", AttrKind::CodeUrl),
            ("FRAME", "SRC", AttrKind::CodeUrl),
            ("img", "src", AttrKind::Url),
            ("link", "href", AttrKind::CodeUrl),
            ("meta", "content", AttrKind::Refresh),
            ("p", "hx-get", AttrKind::Url),
            ("animate", "to", AttrKind::Url),
            ("img", "srcset", AttrKind::UrlList),
            ("a", "ping", AttrKind::UrlList),
            ("p", "style", AttrKind::Style),
            ("p", "onclick", AttrKind::Handler),
            ("p", "onClick", AttrKind::Handler),
            ("iframe", "srcdoc", AttrKind::Srcdoc),
            ("p", "data-on:click__debounce.500ms", AttrKind::Expression),
            ("p", "data-signals", AttrKind::Expression),
            ("p", "data-bind", AttrKind::Plain),
            ("p", "data-user-id", AttrKind::Plain),
            ("p", "@click", AttrKind::Expression),
        ] {
            assert_eq!(attr_kind(tag, name), kind, "{tag} {name}");
        }
    }

    #[test]
    fn knows_who_has_what() {
        let has = |tag: &str, name: &str| is_known_attribute(element(tag).unwrap(), name);
        assert!(has("a", "href") && has("div", "class") && has("div", "aria-label") && has("div", "onclick"));
        assert!(
            has("circle", "cx")
                && has("svg", "viewBox")
                && has("use", "xlink:href")
                && has("a", "xlink:href")
                && has("mi", "mathvariant")
        );
        assert!(!has("a", "hreff") && !has("div", "href") && !has("circle", "hreff"));
    }

    #[test]
    fn boolean_names_belong_to_an_element() {
        let all: Vec<_> = crate::names::element_names().filter_map(element).collect();
        for name in BOOLEAN {
            assert!(all.iter().any(|tag| known_attributes(Some(tag)).any(|known| known == *name)), "{name}");
        }
    }
}
