stario::app!();

#[app::query("/")]
async fn home(text: std::net::TcpListener, borrowed: &std::net::TcpListener) {
    let _ = (text, borrowed);
}

#[app::query("/from")]
async fn from(#[from] text: std::net::TcpListener) {
    let _ = text;
}

fn main() {}
