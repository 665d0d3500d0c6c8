//! Pairs of before and after. What is between `<div id="root">` and its end stands here.

/// A change that somebody makes to a control before the patch.
pub(crate) enum Done {
    Type(&'static str, &'static str),
    Check(&'static str),
    Uncheck(&'static str),
    Select(&'static str, &'static str),
}

use Done::{Check, Select, Type, Uncheck};

/// How the elements are sent.
pub(crate) enum Sent {
    /// In `<div id="root">`, for the element with this id.
    Root,
    /// With a mode and a selector.
    To(&'static str, &'static str),
    /// By their ids.
    ById,
    /// By their ids, with the mode `replace`.
    Replaced,
    /// As parts of an SVG drawing, with a mode and a selector.
    Svg(&'static str, &'static str),
}

use Sent::{ById, Replaced, Root, Svg, To};

pub(crate) type Pair = (&'static str, Sent, &'static [Done], &'static str);

/// Before; how it is sent; what is done; after.
pub(crate) const PAIRS: &[Pair] = &[
    // Texts, comments, white space.
    ("<p>one</p>", Root, &[], "<p>two</p>"),
    ("one", Root, &[], "two <b>three</b> four"),
    ("one <b>two</b> three", Root, &[], "<b>two</b>"),
    ("<!-- a --><p>x</p>", Root, &[], "<!-- b --><p>x</p>"),
    ("<p>x</p>", Root, &[], "<!-- new --><p>x</p><!-- end -->"),
    ("<p> a </p>\n<p> b </p>\n", Root, &[], "<p>a</p><p>b</p>"),
    ("<p>a</p><p>b</p>", Root, &[], "\n  <p>a</p>\n  <p>b</p>\n"),
    ("<pre>\n a\n  b</pre>", Root, &[], "<pre>\n\n a\n\tb</pre>"),
    ("", Root, &[], "<p>a</p>text"),
    ("<p>a</p>text", Root, &[], ""),
    // Attributes.
    ("<p class='a' title='x'>p</p>", Root, &[], "<p class='b' lang='en'>p</p>"),
    ("<p data-a='1' data-b='2'>p</p>", Root, &[], "<p data-b='3' data-c=''>p</p>"),
    ("<p title='&amp; &quot;x&quot; &lt;'>p</p>", Root, &[], "<p title='&lt;&nbsp;&gt;'>&nbsp;&lt;</p>"),
    ("<details open><summary>s</summary>t</details>", Root, &[], "<details><summary>s</summary>t</details>"),
    (
        "<details open class='a'><summary>s</summary>t</details>",
        Root,
        &[],
        "<details class='b' data-preserve-attr='open'><summary>s</summary>u</details>",
    ),
    (
        "<p class='a' title='x' data-preserve-attr='class title'>p</p>",
        Root,
        &[],
        "<p class='b' data-preserve-attr='class title'>q</p>",
    ),
    // Lists with and without ids.
    ("<ul><li>1</li><li>2</li></ul>", Root, &[], "<ul><li>0</li><li>1</li><li>2</li></ul>"),
    ("<ul><li>1</li><li>2</li><li>3</li></ul>", Root, &[], "<ul><li>1</li><li>3</li></ul>"),
    (
        "<ul><li id='a'>a</li><li id='b'>b</li><li id='c'>c</li></ul>",
        Root,
        &[],
        "<ul><li id='c'>c</li><li id='a'>a</li><li id='b'>b</li></ul>",
    ),
    (
        "<ul><li id='a'>a</li><li id='b'>b</li><li id='c'>c</li></ul>",
        Root,
        &[],
        "<ul><li id='c'>C</li><li id='b'>B</li><li id='a'>A</li></ul>",
    ),
    (
        "<ul><li id='a'>a</li><li id='b'>b</li><li id='c'>c</li><li id='d'>d</li></ul>",
        Root,
        &[],
        "<ul><li id='d'>d</li><li id='x'>x</li><li id='b'>b</li><li id='a'>a</li></ul>",
    ),
    (
        "<ul><li id='a'>a</li><li id='b'>b</li></ul>",
        Root,
        &[],
        "<ul><li id='n'>n</li><li id='a'>a</li><li id='b'>b</li></ul>",
    ),
    (
        "<ul><li id='a'>a</li>\n<li id='b'>b</li>\n<li id='c'>c</li>\n</ul>",
        Root,
        &[],
        "<ul><li id='b'>b</li>\n<li id='c'>c</li>\n<li id='a'>a</li>\n</ul>",
    ),
    ("<ul><li id='a'>a</li><li>b</li></ul>", Root, &[], "<ul><li>b</li><li id='a'>a</li></ul>"),
    (
        "<ul><li id='a'>1</li><li id='a'>2</li><li id='b'>3</li></ul>",
        Root,
        &[],
        "<ul><li id='b'>3</li><li id='a'>1</li></ul>",
    ),
    ("<p id='a'>a</p><p id='b'>b</p>", Root, &[], "<section><p id='b'>b</p><p id='a'>a</p></section>"),
    ("<section><p id='a'>a</p></section><p id='b'>b</p>", Root, &[], "<p id='b'>b</p><p id='a'>a</p>"),
    (
        "<div><p id='a'>a</p></div><div><p id='b'>b</p></div>",
        Root,
        &[],
        "<div><p id='b'>b</p></div><div><p id='a'>a</p></div>",
    ),
    (
        "<div><i id='a'></i><i id='b'></i></div><div><i id='c'></i></div><span></span>",
        Root,
        &[],
        "<div><i id='c'></i><i id='a'></i></div><span></span><div><b></b><i id='b'></i></div>",
    ),
    ("<h1 id='a'>a</h1>", Root, &[], "<h2 id='a'>a</h2>"),
    ("<p>a</p><div>b</div><p>c</p>", Root, &[], "<div>b</div><p>c</p><p>a</p>"),
    ("<i>1</i><b>2</b><u>3</u><s>4</s>", Root, &[], "<u>3</u><s>4</s><i>1</i><b>2</b>"),
    ("<b>1</b><b>2</b><b>3</b>", Root, &[], "<i>0</i><b>1</b><b>2</b>"),
    // Controls, and what somebody has typed.
    ("<input name='a'>", Root, &[Type("[name=a]", "typed")], "<input name='a'>"),
    ("<input name='a'>", Root, &[Type("[name=a]", "typed")], "<input name='a' class='b'>"),
    ("<input name='a' value='x'>", Root, &[Type("[name=a]", "typed")], "<input name='a' value='x'>"),
    ("<input name='a' value='x'>", Root, &[Type("[name=a]", "typed")], "<input name='a' value='y'>"),
    ("<input name='a' value='x'>", Root, &[Type("[name=a]", "typed")], "<input name='a'>"),
    (
        "<input name='a' value='x'>",
        Root,
        &[Type("[name=a]", "typed")],
        "<input name='a' value='y' data-preserve-attr='value'>",
    ),
    (
        "<input id='a'><input id='b'>",
        Root,
        &[Type("#a", "of a"), Type("#b", "of b")],
        "<input id='b'><input id='a'>",
    ),
    (
        "<input name='a'><input name='b'>",
        Root,
        &[Type("[name=a]", "of a"), Type("[name=b]", "of b")],
        "<input name='b'><input name='a'>",
    ),
    ("<p>x</p><input id='a'>", Root, &[Type("#a", "typed")], "<form><label>l <input id='a'></label></form>"),
    ("<input type='checkbox'>", Root, &[Check("input")], "<input type='checkbox'>"),
    ("<input type='checkbox'>", Root, &[Check("input")], "<input type='checkbox' checked>"),
    (
        "<input type='checkbox' checked>",
        Root,
        &[Uncheck("input")],
        "<input type='checkbox' checked class='x'>",
    ),
    ("<input type='checkbox' checked>", Root, &[], "<input type='checkbox'>"),
    ("<input type='checkbox'>", Root, &[Check("input"), Uncheck("input")], "<input type='checkbox' checked>"),
    (
        "<input type='radio' name='r' value='1' checked><input type='radio' name='r' value='2'>",
        Root,
        &[Check("[value='2']")],
        "<input type='radio' name='r' value='1' checked><input type='radio' name='r' value='2'>",
    ),
    (
        "<input type='radio' name='r' value='1' checked><input type='radio' name='r' value='2'>",
        Root,
        &[],
        "<input type='radio' name='r' value='1'><input type='radio' name='r' value='2' checked>",
    ),
    ("<input disabled>", Root, &[], "<input>"),
    ("<button>b</button>", Root, &[], "<button disabled>c</button>"),
    ("<input type='number' value='1'>", Root, &[Type("input", "7")], "<input type='number' value='2'>"),
    ("<textarea>a</textarea>", Root, &[Type("textarea", "typed")], "<textarea>a</textarea>"),
    ("<textarea>a</textarea>", Root, &[Type("textarea", "typed")], "<textarea>b\nc</textarea>"),
    (
        "<textarea class='a'></textarea>",
        Root,
        &[Type("textarea", "typed")],
        "<textarea class='b'></textarea>",
    ),
    (
        "<select><option>1</option><option>2</option></select>",
        Root,
        &[Select("select", "2")],
        "<select><option>1</option><option>2</option></select>",
    ),
    (
        "<select><option>1</option><option>2</option></select>",
        Root,
        &[Select("select", "2")],
        "<select><option>0</option><option>1</option><option>2</option></select>",
    ),
    (
        "<select><option selected>1</option><option>2</option></select>",
        Root,
        &[],
        "<select><option>1</option><option selected>2</option></select>",
    ),
    (
        "<select><option value='1'>1</option><option value='2'>2</option></select>",
        Root,
        &[Select("select", "1")],
        "<select><option value='1'>1</option><option value='2' selected>2</option></select>",
    ),
    (
        "<select multiple><option>1</option><option>2</option><option>3</option></select>",
        Root,
        &[Select("select", "1"), Select("select", "3")],
        "<select multiple><option>1</option><option selected>2</option><option>3</option></select>",
    ),
    (
        "<select><optgroup label='a'><option>1</option></optgroup><option>2</option></select>",
        Root,
        &[Select("select", "2")],
        "<select><option>1</option><optgroup label='b'><option>2</option></optgroup></select>",
    ),
    (
        "<form id='f'><input id='t' name='t'><ul><li>1</li></ul></form>",
        Root,
        &[Type("#t", "half a")],
        "<form id='f'><p>error</p><input id='t' name='t'><ul><li>0</li><li>1</li></ul></form>",
    ),
    // Elements with `data-ignore-morph`.
    ("<p data-ignore-morph>a<b>b</b></p>", Root, &[], "<p data-ignore-morph>c</p>"),
    ("<p data-ignore-morph>a</p>", Root, &[], "<p>c</p>"),
    ("<p>a</p>", Root, &[], "<p data-ignore-morph>c</p>"),
    ("<div data-ignore-morph><p id='a'>a</p></div>", To("outer", "#a"), &[], "<p id='a'>b</p>"),
    (
        "<div data-ignore-morph><input id='i'></div><p id='b'>b</p>",
        Root,
        &[Type("#i", "typed")],
        "<p id='b'>c</p><div data-ignore-morph><input id='j'></div>",
    ),
    // Drawings, formulas, tables, templates.
    (
        "<svg viewBox='0 0 1 1'><circle r='1'></circle></svg>",
        Root,
        &[],
        "<svg viewBox='0 0 2 2'><circle r='2'></circle><path d='M0'></path></svg>",
    ),
    (
        "<svg><g id='a'></g><g id='b'></g></svg>",
        Root,
        &[],
        "<svg><g id='b'><linearGradient></linearGradient></g><g id='a'></g></svg>",
    ),
    ("<svg><a>x</a></svg><a>y</a>", Root, &[], "<a>y</a><svg><a>x</a></svg>"),
    ("<svg><use xlink:href='#a'></use></svg>", Root, &[], "<svg><use xlink:href='#b'></use></svg>"),
    ("<svg id='s'></svg>", Svg("append", "#s"), &[], "<circle r='1'/>\n<circle r='2'/>\n<circle r='3'/>"),
    ("<svg id='s'><rect/></svg>", Svg("inner", "#s"), &[], "<circle r='1'/><circle r='2'/><circle r='3'/>"),
    ("<math><mi>x</mi></math>", Root, &[], "<math><mn>1</mn><mi>y</mi></math>"),
    (
        "<table><tbody><tr><td>1</td></tr></tbody></table>",
        Root,
        &[],
        "<table><thead><tr><th>h</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
    ),
    ("<table><tr><td>1</td></tr></table>", Root, &[], "<table><tr><td>1<tr><td>2</table>"),
    (
        "<table><tbody id='b'><tr id='r1'><td>1</td></tr><tr id='r2'><td>2</td></tr></tbody></table>",
        ById,
        &[],
        "<tbody id='b'><tr id='r2'><td>2</td></tr><tr id='r1'><td>1</td></tr></tbody>",
    ),
    (
        "<table><tbody><tr id='r'><td>1</td></tr></tbody></table>",
        ById,
        &[],
        "<tr id='r'><td>1</td><td>2</td></tr>",
    ),
    (
        "<table><tbody id='b'><tr><td>1</td></tr></tbody></table>",
        To("append", "#b"),
        &[],
        "<tr><td>2</td></tr>",
    ),
    ("<template><p>a</p></template>", Root, &[], "<template><p>b</p><i></i></template>"),
    ("<p>a</p>", Root, &[], "<template><p>b</p></template><p>a</p>"),
    ("<template id='t'><p>a</p></template>", To("inner", "#t"), &[], "<p>b</p>"),
    // Other modes.
    ("<ul id='l'><li>1</li></ul>", To("inner", "#l"), &[], "<li>0</li><li>1</li>"),
    ("<ul id='l'><li>1</li></ul>", To("prepend", "#l"), &[], "<li>0</li>text<li>00</li>"),
    ("<ul id='l'><li>1</li></ul>", To("append", "#l"), &[], "<li>2</li><!-- c --><li>3</li>"),
    ("<p id='p'>1</p>", To("before", "#p"), &[], "<i>a</i><b>b</b>"),
    ("<p id='p'>1</p>", To("after", "#p"), &[], "<i>a</i><b>b</b>"),
    ("<p id='p'><b>1</b></p>", To("replace", "#p"), &[], "<p id='p'><b>1</b></p>"),
    ("<p id='p'><b>1</b></p>", Replaced, &[], "<p id='p'><b>2</b></p>"),
    ("<p class='x'>1</p><p class='x'>2</p><p>3</p>", To("remove", ".x"), &[], ""),
    ("<p class='x'>1</p><p class='x'>2</p>", To("outer", ".x"), &[], "<p class='x'>3</p>"),
    ("<p class='x'>1</p><p class='x'>2</p>", To("inner", ".x"), &[], "<b>3</b>"),
    ("<p class='x'>1</p><p class='x'>2</p>", To("append", ".x"), &[], "<b>3</b>"),
    ("<p id='a'>1</p><p id='b'>2</p><p>3</p>", ById, &[], "<p id='b'>4</p><p id='a'>5</p>"),
    ("<p id='a'>1</p><p>2</p>", To("outer", "#a"), &[], "<p>3</p><p>4</p>"),
    (
        "<p id='a'><b id='b'>1</b></p><i></i>",
        To("outer", "#a"),
        &[],
        "<i></i><section><b id='b'>2</b></section>",
    ),
    // Controls with `data-bind`.
    (
        "<input id='i' data-bind:word>",
        Root,
        &[Type("#i", "typed")],
        "<p data-text='$word'></p><input id='i' data-bind:word>",
    ),
    (
        "<input id='i' data-bind:word value='a'><p data-text='$word'></p>",
        Root,
        &[Type("#i", "typed")],
        "<input id='i' data-bind:word value='b'><p data-text='$word'></p>",
    ),
    (
        "<input type='checkbox' data-bind:on><p data-show='$on' data-class:big='$on'>p</p>",
        Root,
        &[Check("input")],
        "<input type='checkbox' data-bind:on><p data-show='$on' data-class:big='$on' class='small'>p</p>",
    ),
    (
        "<p data-signals:n='1' data-text='$n + 1'></p>",
        Root,
        &[],
        "<p data-signals:n='5' data-text='$n + 1'></p><b data-attr:title='\"t\" + $n' data-style:color='\"red\"'></b>",
    ),
    (
        "<select id='s' data-bind:size><option value='s'>S</option><option value='l'>L</option></select>",
        Root,
        &[Select("#s", "l")],
        "<select id='s' data-bind:size><option value='l'>L</option><option value='s'>S</option></select><b data-text='$size'></b>",
    ),
];
