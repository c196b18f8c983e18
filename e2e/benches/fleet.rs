//! in-process probe
#![allow(clippy::unwrap_used, reason = "x")]
use std::time::Instant;

use e2e::fleet::Fleet;
use surety::{
    core::{
        controls,
        facts::{Change, Kind, Source, SourceState},
        world::World,
    },
    decode, index,
    reconcile::book::Book,
};

fn rss() -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}

fn main() {
    let tenants = std::env::args().filter_map(|a| a.parse().ok()).next().unwrap_or(1000);
    let fleet = Fleet { tenants };
    let mut world = World::new(controls::all());
    for source in Source::ALL {
        index::set_source(&mut world, *source, SourceState::Synced);
    }
    println!("start {:.1} MiB", rss());
    let mut applied = std::time::Duration::ZERO;
    let mut decoding = std::time::Duration::ZERO;
    let order: Vec<Kind> = Kind::ALL.to_vec();
    let mut count = 0;
    for kind in order {
        for chunk in 0..(tenants.div_ceil(50)) {
            let _ = chunk;
        }
        let objects: Vec<String> = fleet.objects(kind).iter().map(ToString::to_string).collect();
        let bytes: usize = objects.iter().map(String::len).sum();
        let n = objects.len();
        let before = rss();
        let mut t = std::time::Duration::ZERO;
        for json in objects {
            let s = Instant::now();
            let fact = decode::object(kind, json.as_bytes()).unwrap();
            decoding += s.elapsed();
            let s = Instant::now();
            index::apply(&mut world, Change::Apply(fact));
            t += s.elapsed();
            count += 1;
        }
        applied += t;
        println!(
            "{kind:?} {n} bytes {bytes} rss {:.1} (was {before:.1}) apply {:?}/object",
            rss(),
            t / (n.max(1) as u32)
        );
    }
    println!("{count} objects decode {decoding:?} apply {applied:?} rss {:.1}", rss());
    let now = e2e::fleet::NOW.parse().unwrap();
    let mut book = Book::new(world);
    let s = Instant::now();
    book.open(now);
    println!("open {:?} rss {:.1}", s.elapsed(), rss());
    let s = Instant::now();
    book.evaluate_all(now);
    println!("evaluate_all {:?} rss {:.1}", s.elapsed(), rss());
    let mut failing = 0;
    let mut all = 0;
    let names: Vec<_> = book.tenants().cloned().collect();
    let s = Instant::now();
    for name in &names {
        let result = book.result(name, now).unwrap();
        for st in surety::core::verdict::State::ALL {
            let c = result.count(*st);
            all += c;
            if st.to_string() == "Fail" {
                failing += c;
            }
        }
    }
    println!("results {:?} failing commitments {failing} of {all} rss {:.1}", s.elapsed(), rss());
}
