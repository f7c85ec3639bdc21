use spinroute_bifurcation::*;
use spinroute_core::Run;
use spinroute_qubo::*;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let g = instances::find(&a[1]).unwrap();
    let graph = g.graph().unwrap();
    let mut model = graph.ising().unwrap();
    if a[1] == "K2000" {
        let n = 2000;
        let mut m = ndarray::Array2::zeros((n, n));
        for e in graph.edges() {
            m[[e.from as usize, e.to as usize]] = e.weight;
            m[[e.to as usize, e.from as usize]] = e.weight;
        }
        model = Ising::new(vec![0.0; n], Dense::new(m).unwrap(), 0.0).unwrap();
    }
    let mut map = serde_json::Map::new();
    for kv in &a[2..] {
        let (k, v) = kv.split_once('=').unwrap();
        map.insert(
            k.into(),
            serde_json::from_str(v).unwrap_or(serde_json::Value::String(v.into())),
        );
    }
    let seed = map.remove("seed").map(|v| v.as_u64().unwrap()).unwrap_or(1);
    let sb: Bifurcation = serde_json::from_value(map.into()).unwrap();
    let t = std::time::Instant::now();
    let forces = Forces::new(&model);
    let t1 = t.elapsed();
    let c = sb.control(&model, &forces).unwrap();
    println!(
        "{:?} {:?} dt={:.3} c0={:.4} bound={:.3} c0lmax={:.3} c0lmin={:.3} {:?} {:?}",
        t1,
        t.elapsed(),
        c.time_step,
        c.coupling,
        c.bound,
        c.coupling * c.edges.found.highest,
        c.coupling * c.edges.found.lowest,
        c.edges.likely,
        c.edges.proven
    );
    let t = std::time::Instant::now();
    let s = sb.minimise(&model, &mut Run::new(seed)).unwrap();
    let el = t.elapsed();
    let cuts: Vec<f64> = s.energies.iter().map(|e| graph.cut_of_energy(*e)).collect();
    println!(
        "best {} mean {:.1} min {} time {:?} (best known {})",
        cuts.iter().cloned().fold(0.0, f64::max),
        cuts.iter().sum::<f64>() / cuts.len() as f64,
        cuts.iter().cloned().fold(1e9, f64::min),
        el,
        g.best
    );
}
