//! What the pages show. The same on every run.

pub struct Data {
    pub table: Vec<Vec<u32>>,
    pub year: u32,
    pub teams: Vec<Team>,
    pub products: Vec<Product>,
    pub paragraphs: Vec<String>,
    pub people: Vec<Person>,
}

pub struct Team {
    pub name: String,
    pub score: u8,
}

pub struct Product {
    pub id: u32,
    pub slug: String,
    pub name: String,
    pub text: String,
    pub price: u32,
    pub discount: u32,
    pub stock: u32,
    pub featured: bool,
    pub tags: Vec<&'static str>,
    pub note: Option<String>,
}

pub struct Person {
    pub first: String,
    pub last: String,
}

const WORDS: [&str; 24] = [
    "river", "stone", "light", "window", "garden", "paper", "silver", "morning", "shadow", "copper",
    "winter", "harbor", "lantern", "meadow", "ocean", "thread", "velvet", "whisper", "amber", "canyon",
    "drift", "ember", "forest", "glacier",
];

/// A small generator of repeatable numbers.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) % u64::from(below)) as u32
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.next(WORDS.len() as u32) as usize]
    }

    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            text.push_str(self.word());
            text.push(' ');
        }
        text.truncate(bytes);
        text
    }
}

impl Data {
    pub fn new() -> Self {
        let mut numbers = Numbers(7);
        let table = (0..100).map(|_| (0..100).collect()).collect();
        let teams = [("Jiangsu", 43), ("Beijing", 27), ("Guangzhou", 22), ("Shandong", 12)];
        let teams = teams.map(|(name, score)| Team { name: name.to_owned(), score });
        let products = (0..24)
            .map(|at| {
                let (a, b) = (numbers.word(), numbers.word());
                Product {
                    id: 1000 + at * 17,
                    slug: format!("{a}-{b}"),
                    name: if at % 6 == 0 { format!("{a} & {b}") } else { format!("{a} {b}") },
                    text: numbers.text(205 + 20 * (at as usize % 4)),
                    price: 5 + numbers.next(400),
                    discount: if at % 3 == 0 { 5 + numbers.next(40) } else { 0 },
                    stock: numbers.next(9),
                    featured: at % 5 == 0,
                    tags: vec![numbers.word(), numbers.word(), numbers.word()],
                    note: (at % 4 == 0).then(|| numbers.text(24)),
                }
            })
            .collect();
        let paragraphs = (0..20)
            .map(|_| {
                let mut text = numbers.text(500).into_bytes();
                for _ in 0..5 {
                    let at = numbers.next(500) as usize;
                    text[at] = b"&<>\"&"[numbers.next(5) as usize];
                }
                String::from_utf8(text).unwrap()
            })
            .collect();
        let people = (0..1000)
            .map(|at| {
                let mut last = numbers.word().to_owned();
                if at % 25 == 0 {
                    last.push_str(" & co");
                }
                Person { first: numbers.word().to_owned(), last }
            })
            .collect();
        Self { table, year: 2015, teams: teams.into(), products, paragraphs, people }
    }
}
