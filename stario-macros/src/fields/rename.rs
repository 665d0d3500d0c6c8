//! The rules of serde's `rename_all`.

/// A rule of serde by which all fields are renamed.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    Same,
    Upper,
    Pascal,
    Camel,
}

impl Rule {
    pub(super) fn of(name: &str) -> Result<Self, String> {
        match name {
            "lowercase" | "snake_case" => Ok(Self::Same),
            "UPPERCASE" | "SCREAMING_SNAKE_CASE" => Ok(Self::Upper),
            "PascalCase" => Ok(Self::Pascal),
            "camelCase" => Ok(Self::Camel),
            "kebab-case" | "SCREAMING-KEBAB-CASE" => {
                Err("a `-` in the name of a signal is a minus in an expression: use \"camelCase\" or \"snake_case\"".to_owned())
            }
            _ => Err(format!("{name:?} is not a rule of serde: \"camelCase\", \"snake_case\" and \"PascalCase\" are")),
        }
    }

    pub(super) fn apply(self, name: &str) -> String {
        let capitalized = || {
            let mut out = String::new();
            let mut is_first = true;
            for c in name.chars() {
                match c {
                    '_' => is_first = true,
                    c if is_first => {
                        out.push(c.to_ascii_uppercase());
                        is_first = false;
                    }
                    c => out.push(c),
                }
            }
            out
        };
        match self {
            Self::Same => name.to_owned(),
            Self::Upper => name.to_ascii_uppercase(),
            Self::Pascal => capitalized(),
            Self::Camel => {
                let pascal = capitalized();
                pascal.get(..1).map_or(String::new(), |first| first.to_ascii_lowercase() + &pascal[1..])
            }
        }
    }
}
