fn main() {
    allocators::serve();
}
