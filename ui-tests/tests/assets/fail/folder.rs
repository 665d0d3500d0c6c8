//! What `assets!` refuses.

stario::app!();
stario::assets!(FOLDER);
stario::assets!();
stario::assets!("../../../../ui-tests/tests/assets/static", path = "/x");
stario::assets!("../../../../ui-tests/tests/assets/static" "x");
stario::assets!("../../../../ui-tests/tests/assets/static", at = "files");
stario::assets!("../../../../ui-tests/tests/assets/static", at = "/files/{x}");
stario::assets!("../../../../ui-tests/tests/assets/static", at = "/");
stario::assets!("../../../../ui-tests/tests/assets/static", at);
stario::assets!("../../../../ui-tests/tests/assets/static", app = "admin");

fn main() {}
