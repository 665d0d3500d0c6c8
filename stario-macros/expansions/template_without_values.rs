fn template() -> Html {
    {
        ::stario_html::__hints! {
            p p br
        }
        ::stario_html::__private::Html::from_static("<p class=\"a\">1 &lt; 2<br></p>")
    }
}
