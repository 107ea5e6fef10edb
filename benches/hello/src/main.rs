//! The ceiling of HTTP on this machine: `GET /hello` answers two bytes, `POST /echo` reads a body
//! and answers 201. `scripts/bench` measures the server against it; nothing else uses it.

use actix_web::{App, HttpResponse, HttpServer, get, post, web::Bytes};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[get("/hello")]
async fn hello() -> HttpResponse {
    HttpResponse::Ok().body("ok")
}

#[post("/echo")]
async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Created().body(format!("{{\"bytes\":{}}}", body.len()))
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let server = HttpServer::new(|| App::new().service(hello).service(echo));
    let server = server.workers(std::thread::available_parallelism().map_or(2, |n| n.get()));
    let server = server.tcp_nodelay(true).bind(("127.0.0.1", 0))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await
}
