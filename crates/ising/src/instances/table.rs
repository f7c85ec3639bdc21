//! The table of instances.
//!
//! Best known cuts are those of the reference table of microsoft/AOCoptimizer.jl
//! (`data/GSet/reference.csv`), a collection of the literature; for K2000 33337 is the best that
//! published Ising machines report. Names are those of the collection of Y. Ye at Stanford. The seed
//! of G23 is 2002 in the published file, where the rule would have 20002.

use super::known::{Evidence, Known};
use super::recipe::{Recipe, Shape};

const fn random(nodes: u32, density: f64, seed: u32) -> Shape {
    Shape::Random { nodes, density, seed }
}

/// Triangulations of a seed and the next one.
const fn two_planar(nodes: u32, density: f64, seed: u32) -> Shape {
    Shape::TwoPlanar { nodes, density, seeds: [seed, seed + 1] }
}

const fn torus(rows: u32, columns: u32) -> Shape {
    Shape::Torus { rows, columns }
}

const fn plain(shape: Shape) -> Recipe {
    Recipe { shape, signs: None }
}

const fn signed(shape: Shape, seed: u32) -> Recipe {
    Recipe { shape, signs: Some(seed) }
}

/// Every instance that is known here, by size within a family.
#[rustfmt::skip]
pub const KNOWN: &[Known] = &[
    Known {
        name: "G1", recipe: plain(random(800, 6.0, 8_001)),
        nodes: 800, edges: 19_176, best: 11_624, evidence: Evidence::Hash,
        sha256: "73bf704d8ffc55ba42260ab4cb659e3dcb6e729be70404d2cf476ba4e46d1665",
        fingerprint: "ee9003c57401b5f1ede0ab538438ddf3cbf9497ea023ab8243054cac6a1f5e4d",
    },
    Known {
        name: "G2", recipe: plain(random(800, 6.0, 8_002)),
        nodes: 800, edges: 19_176, best: 11_620, evidence: Evidence::File,
        sha256: "732d57480a0151e81253a08535da539ff579f77dbc8673d2b58f4b051f6ccdac",
        fingerprint: "4562c695a46598f3165979f24d51099a6643e6aecae561b4d68a5dcf68d4ad83",
    },
    Known {
        name: "G3", recipe: plain(random(800, 6.0, 8_003)),
        nodes: 800, edges: 19_176, best: 11_622, evidence: Evidence::File,
        sha256: "999e49b5e093408bbb9e9d8aa76a4d05d61b7f8d4704cb1e35b596a6f1ad2897",
        fingerprint: "62f151ec950c2e1625d3475b9b7f4abb47a2520aad549e91edc03a9530c2b991",
    },
    Known {
        name: "G4", recipe: plain(random(800, 6.0, 8_004)),
        nodes: 800, edges: 19_176, best: 11_646, evidence: Evidence::File,
        sha256: "df9872b8f1a5970d2d8f8345d259a6ea72480b6b00cf522a858b9d78a3804071",
        fingerprint: "9729d07c81909fdb0062bbb3e619825b08796a7560ba135063275e7c066059c7",
    },
    Known {
        name: "G5", recipe: plain(random(800, 6.0, 8_005)),
        nodes: 800, edges: 19_176, best: 11_631, evidence: Evidence::File,
        sha256: "0e69826d8ba546aa6bd20fddd7d5b9fd125c851e5d7fda227a5656ee456f27ea",
        fingerprint: "2d5b93b25794eb0b0daed822fca4723e2106abb68d4c3b7b68fc640108bd1d84",
    },
    Known {
        name: "G6", recipe: signed(random(800, 6.0, 8_001), 8_001),
        nodes: 800, edges: 19_176, best: 2_178, evidence: Evidence::Cut(2_178),
        sha256: "e3dd8b29205280f1ad5806849321cdff6f11324c75cb95647d5783f3e47a1103",
        fingerprint: "0b2da5b67ca60e766899704542aa0403fe7e8bacacd15d021191eab8fbbe05c8",
    },
    Known {
        name: "G7", recipe: signed(random(800, 6.0, 8_002), 8_002),
        nodes: 800, edges: 19_176, best: 2_006, evidence: Evidence::Cut(2_006),
        sha256: "62a49edc162b2548ea4a58f2b65a6398f9a54a24ea448f3939f1526326200329",
        fingerprint: "f00a6bfd3a3cd0b9824193a81e51ecfe389a0def99d64ee17d8b258a6773e2fd",
    },
    Known {
        name: "G8", recipe: signed(random(800, 6.0, 8_003), 8_003),
        nodes: 800, edges: 19_176, best: 2_005, evidence: Evidence::Cut(2_005),
        sha256: "c792a36a35577c9c25b923be51e7397d2247271c5bc5547ed535b411cace84fd",
        fingerprint: "1c64762c151cb51499245f2e95a5d6e02a49a3d537e6193a2094feab68faafd7",
    },
    Known {
        name: "G9", recipe: signed(random(800, 6.0, 8_004), 8_004),
        nodes: 800, edges: 19_176, best: 2_054, evidence: Evidence::Cut(2_054),
        sha256: "a29ce383615282e0f49cfffd4f2eceed876a58e9247f71227afe6608dc8ca8fe",
        fingerprint: "8f4360ed6d2dba7698e675c64e57a349369c30c9f066c73733598ea02f2b59bc",
    },
    Known {
        name: "G10", recipe: signed(random(800, 6.0, 8_005), 8_005),
        nodes: 800, edges: 19_176, best: 2_000, evidence: Evidence::Cut(1_999),
        sha256: "e010c59afa642f79c3262c17912c991f27f6fd7c0dc56729afa0b37275e14826",
        fingerprint: "36894c7d8c548304c10a6637dd5b2d4ad76dbba88adac53188821412bec7d35b",
    },
    Known {
        name: "G11", recipe: signed(torus(100, 8), 8_001),
        nodes: 800, edges: 1_600, best: 564, evidence: Evidence::File,
        sha256: "c2a760d2926db4fefd23b25c098dcd6311f711b355dbd1cc689fa25660c73174",
        fingerprint: "fb683c99a8fa8687c7d5fe37fb9bb28a8fafda3596f0399a663b1b3bb3484d79",
    },
    Known {
        name: "G12", recipe: signed(torus(50, 16), 8_002),
        nodes: 800, edges: 1_600, best: 556, evidence: Evidence::File,
        sha256: "a8628108d95d74b90a342fabe97faaa566dabfb3f64382a93548b3bdf131f8e3",
        fingerprint: "6bb6609f8245975249579c9a419fcf5b09a0bfc9fa3bde36da56cf483e15216f",
    },
    Known {
        name: "G13", recipe: signed(torus(25, 32), 8_003),
        nodes: 800, edges: 1_600, best: 582, evidence: Evidence::File,
        sha256: "44af0d3aa232d0a8ca2f881321b24f1f8b4581264c8114cd238bc5b52c2091ea",
        fingerprint: "0be4c1b85b145d5b22958faa871325a4eeaf925c456c630dba0cf1346aa45620",
    },
    Known {
        name: "G14", recipe: plain(two_planar(800, 99.0, 8_001)),
        nodes: 800, edges: 4_694, best: 3_064, evidence: Evidence::File,
        sha256: "dc769b978a40d458f693d5bd2cf8b8cceabd430b8e976204746696179c3d5945",
        fingerprint: "69569b93e4ee63fed10df99511ce7508b1862ddc70d5c5ab727ace2d91da9270",
    },
    Known {
        name: "G15", recipe: plain(two_planar(800, 99.0, 8_003)),
        nodes: 800, edges: 4_661, best: 3_050, evidence: Evidence::File,
        sha256: "2f1808f074bccc18b77b4e8c045a35a57f7d450c64e098852bb52d9b3bf54c18",
        fingerprint: "3554539a530a192c6fd109b98c1031f8e549aaafa7fc667e2d392b587bce75e5",
    },
    Known {
        name: "G16", recipe: plain(two_planar(800, 99.0, 8_005)),
        nodes: 800, edges: 4_672, best: 3_052, evidence: Evidence::File,
        sha256: "5a70eec4649ace1b40b2367ec21e0680e9b8b241c6c1cd62473c0ed6086534ee",
        fingerprint: "86578055da81b8d18b6decb6ae06cfe60b0308f25889bc1b204236559210835b",
    },
    Known {
        name: "G17", recipe: plain(two_planar(800, 99.0, 8_007)),
        nodes: 800, edges: 4_667, best: 3_047, evidence: Evidence::File,
        sha256: "18fdaa8ff24a55fb0f1e4a303d7c7056aa6c73e2bc356bd13127ae74c8947144",
        fingerprint: "b751f41e3defa80d34c0a3375b68a9c49030de93b3513b1829930e18f7901146",
    },
    Known {
        name: "G18", recipe: signed(two_planar(800, 99.0, 8_001), 8_001),
        nodes: 800, edges: 4_694, best: 992, evidence: Evidence::Cut(992),
        sha256: "6185af31fae0f7d59e232dad91178753574b7caa111dd6e6bf52f11c80e928d8",
        fingerprint: "2fb0b38497af3a3b49a05e11791fc954e4db0292c7ba7010a86236a713171391",
    },
    Known {
        name: "G19", recipe: signed(two_planar(800, 99.0, 8_003), 8_002),
        nodes: 800, edges: 4_661, best: 906, evidence: Evidence::Cut(906),
        sha256: "a5057d6ed7e5dcec5997ffe2c25c4bc24c38ef5806fcbff88b581b1f612efcfa",
        fingerprint: "734b148f25bcfeedb49acb750792d2b7c3494b40ce6cffa9f1ff1add4aa8bc94",
    },
    Known {
        name: "G20", recipe: signed(two_planar(800, 99.0, 8_005), 8_003),
        nodes: 800, edges: 4_672, best: 941, evidence: Evidence::Cut(941),
        sha256: "9758181ecba92f5815f7d771b2e025258074b992473630aabe46e381288ad012",
        fingerprint: "9152d730dc561ccbb78d028d7192751a71718a265cc4b282855347e1fc4a184e",
    },
    Known {
        name: "G21", recipe: signed(two_planar(800, 99.0, 8_007), 8_004),
        nodes: 800, edges: 4_667, best: 931, evidence: Evidence::Cut(928),
        sha256: "dd0727663c79cc9b49f65a65cdeb74ab731ed4c136c54d59234e9cdd3ffe455b",
        fingerprint: "acb5238941991ae3a1dfd183d04746d7050fe4a08b1d6cb4d0702167ec8c925c",
    },
    Known {
        name: "G22", recipe: plain(random(2_000, 1.0, 20_001)),
        nodes: 2_000, edges: 19_990, best: 13_359, evidence: Evidence::Hash,
        sha256: "9baeee06eb147b1c9ca42b43be86592d4e6fc60784a85af9be5b63d1362ef28e",
        fingerprint: "7949ec75c44c2053acd091d12eb11a95e1743578c6c085e8dcaff8f2d81e34c5",
    },
    Known {
        name: "G23", recipe: plain(random(2_000, 1.0, 2_002)),
        nodes: 2_000, edges: 19_990, best: 13_344, evidence: Evidence::File,
        sha256: "5aa8fd6d1f36aaaa074f940e874d7c45c146f8f32afc8394977de0acecfce0ec",
        fingerprint: "f82b1cbd61d0b11994a631fe366e945091ea98faf42c78946192b60504c9165e",
    },
    Known {
        name: "G24", recipe: plain(random(2_000, 1.0, 20_003)),
        nodes: 2_000, edges: 19_990, best: 13_337, evidence: Evidence::File,
        sha256: "9aff2abd74d14eb04ed991f8fe202931b874f5faf5477c51179e1095f1649939",
        fingerprint: "ad2c3c033e721e889c276fc71ab638a95a5363673f41cf7f48d5defe86fe0c62",
    },
    Known {
        name: "G25", recipe: plain(random(2_000, 1.0, 20_004)),
        nodes: 2_000, edges: 19_990, best: 13_349, evidence: Evidence::File,
        sha256: "10270bb8208e89952186a2700848bc1045ab93483aa11106a1bcfc3b9fb040e6",
        fingerprint: "76e4d65c0e5b34e1b4636aa34d785a81ab40c0c581d75cb615fa74015556ef46",
    },
    Known {
        name: "G26", recipe: plain(random(2_000, 1.0, 20_005)),
        nodes: 2_000, edges: 19_990, best: 13_328, evidence: Evidence::File,
        sha256: "255e19b0ab7c08cf920551aa23b83ee96bb4092f6fd1b4223126693ef76c1dc9",
        fingerprint: "f99d5afedbfc0f3b14ca2c2af029efb450950070c3b2f71a95487387d9b86b50",
    },
    Known {
        name: "G27", recipe: signed(random(2_000, 1.0, 20_001), 20_001),
        nodes: 2_000, edges: 19_990, best: 3_341, evidence: Evidence::Cut(3_341),
        sha256: "63db007e22ed29ce961476a6059c2c85e997f573d5f378d9ad3b069e3ecd7074",
        fingerprint: "22dd917fe493a2ee4ce61d718fe03ae488e79655b37006cabe158e9e17e692f8",
    },
    Known {
        name: "G28", recipe: signed(random(2_000, 1.0, 20_002), 20_002),
        nodes: 2_000, edges: 19_990, best: 3_298, evidence: Evidence::Cut(3_298),
        sha256: "7216936ca2d112c30ec39c7fe6dec37c1d2e65c3b3e0f18e4197924bc4b747bd",
        fingerprint: "f39031c397a8f1271268a78e5caa9a9d3fb27a2486b182a3cfb138257d7c58a7",
    },
    Known {
        name: "G29", recipe: signed(random(2_000, 1.0, 20_003), 20_003),
        nodes: 2_000, edges: 19_990, best: 3_405, evidence: Evidence::Cut(3_405),
        sha256: "ee3b6c5d8a85451322ef779712f5e421c8de60475cc7ab43bfef4e8aa9228a0f",
        fingerprint: "429007f70116caf7cfead1cc72efdb8d0519bceb2655d2ee9c6bcfab9ae2c290",
    },
    Known {
        name: "G30", recipe: signed(random(2_000, 1.0, 20_004), 20_004),
        nodes: 2_000, edges: 19_990, best: 3_413, evidence: Evidence::Cut(3_413),
        sha256: "3d228a594651b3fa697c6ca2d5c528a0e1dc8fde30fbae4b5752bbdfae447cab",
        fingerprint: "e20807546b4613bfa29b31b607a3a4542228a079474d30e0c0004834f306425a",
    },
    Known {
        name: "G31", recipe: signed(random(2_000, 1.0, 20_005), 20_005),
        nodes: 2_000, edges: 19_990, best: 3_310, evidence: Evidence::Cut(3_309),
        sha256: "0ec2bd7b8e70e02f0e6ab4f152ca600ebca417749548f4d429c9fffa33bd71ad",
        fingerprint: "068bad2c4664e2eb05c17219190d8d0a63616a4954d6c5bc83e30c0eafc530ab",
    },
    Known {
        name: "G35", recipe: plain(two_planar(2_000, 99.0, 20_001)),
        nodes: 2_000, edges: 11_778, best: 7_687, evidence: Evidence::File,
        sha256: "3df35a2abbe8b73a8ade2509363b9f84c060ff46e3693675e204aa1ade1da3f4",
        fingerprint: "7918059c5411a4628b3dd68235f0632ff7dd6e1821fe3a15c27f034234bd361b",
    },
    Known {
        name: "G36", recipe: plain(two_planar(2_000, 99.0, 20_003)),
        nodes: 2_000, edges: 11_766, best: 7_680, evidence: Evidence::File,
        sha256: "022423749f4e3b6b51bcd80c5e7e5a130a86f000b9e62a57482ac0925a9a3d9b",
        fingerprint: "28b7f3c4d44f1fa1b1e93afd6dc21ff6d795d11190468deb3ad43a30b9afcfaa",
    },
    Known {
        name: "G37", recipe: plain(two_planar(2_000, 99.0, 20_005)),
        nodes: 2_000, edges: 11_785, best: 7_691, evidence: Evidence::File,
        sha256: "e0e54884adb8afd8e85a0f1610289ee4092847a4307909e4485c2170cf39d080",
        fingerprint: "6e31e798f0b5cb1e095e53276156f5e89f78f1059b3234d0cff5bfe0f105cb0b",
    },
    Known {
        name: "G38", recipe: plain(two_planar(2_000, 99.0, 20_007)),
        nodes: 2_000, edges: 11_779, best: 7_688, evidence: Evidence::File,
        sha256: "fa1d6944433f78c64effe343beb7142365dcc5fe862af50126cf92708432b474",
        fingerprint: "cb8cb7467434c5e5cffe78e62cada2e3344df679ab23054f7f18c16435f887e2",
    },
    Known {
        name: "G39", recipe: signed(two_planar(2_000, 99.0, 20_001), 20_001),
        nodes: 2_000, edges: 11_778, best: 2_408, evidence: Evidence::Hash,
        sha256: "daeeaf681937495345ca35519bf25b2e274e4bcbdbb2f16bf7f271f1d430ee13",
        fingerprint: "86ae6dd8ea2a736973d3e0621ca2ff03c3bae86b3b33beb5fc8cca072bd76717",
    },
    Known {
        name: "G40", recipe: signed(two_planar(2_000, 99.0, 20_003), 20_002),
        nodes: 2_000, edges: 11_766, best: 2_400, evidence: Evidence::Cut(2_393),
        sha256: "00e92b86091c7239bbb6185f73565b4b1c366888e88e0b848c5ace9f255ac8c0",
        fingerprint: "74feb65304eb2800e3d1d1db35ebeff4d93782455b5cf32ae153418fcf378cc7",
    },
    Known {
        name: "G41", recipe: signed(two_planar(2_000, 99.0, 20_005), 20_003),
        nodes: 2_000, edges: 11_785, best: 2_405, evidence: Evidence::Cut(2_404),
        sha256: "03312cdeb2e1b28880c7e94b618ba00125379e7b1bd26d6703b63a35a23ae8c6",
        fingerprint: "da31f080f5ac2912c34e6eb9328bbccef97bb68c1fc292ad74b5cda99adfe5bb",
    },
    Known {
        name: "G42", recipe: signed(two_planar(2_000, 99.0, 20_007), 20_004),
        nodes: 2_000, edges: 11_779, best: 2_481, evidence: Evidence::Cut(2_474),
        sha256: "a5839dad2766791e7a1bdc20692d9b8fc8332b847099a8af8b8cd417ce98adbb",
        fingerprint: "f7bfd959949f89696effacef47f704d9825ba1008d4ff7d19a6b45d8807614c7",
    },
    Known {
        name: "G43", recipe: plain(random(1_000, 2.0, 10_001)),
        nodes: 1_000, edges: 9_990, best: 6_660, evidence: Evidence::File,
        sha256: "9af5445b4b066cbf1eabe218d4e0d907cb6f211651cae557c761ec344dc37be8",
        fingerprint: "1d7b6166a0a0abadba3f6abfd24c2654afa1e5870b85d31fb66a89187bfed129",
    },
    Known {
        name: "G44", recipe: plain(random(1_000, 2.0, 10_002)),
        nodes: 1_000, edges: 9_990, best: 6_650, evidence: Evidence::File,
        sha256: "929e7687b9a04699d6b1c1399a0cff0d0a5bfed9b650732f496ca422cb51c181",
        fingerprint: "e5908b93279712e388bb5a8b1a791fac351db26f7bc6bc30b00f23d7a42bbadb",
    },
    Known {
        name: "G45", recipe: plain(random(1_000, 2.0, 10_003)),
        nodes: 1_000, edges: 9_990, best: 6_654, evidence: Evidence::File,
        sha256: "e1514f22a23c5b6822c22c484f9cfa1459e3114e52f0c87c9dee0f472bbdf21d",
        fingerprint: "15609484129ff5b4ac1be4021b8c6b6cccdebb7ef8fd0f2be046b3a382802781",
    },
    Known {
        name: "G46", recipe: plain(random(1_000, 2.0, 10_004)),
        nodes: 1_000, edges: 9_990, best: 6_649, evidence: Evidence::File,
        sha256: "f734bc1d84824610066134f30642da14a54d5f02f4a3a3e608800bdafa25a1ef",
        fingerprint: "72651fd72f0bc46b93155ef6e26194b5575dc5ca80a57365c725f9e1bff2cf19",
    },
    Known {
        name: "G47", recipe: plain(random(1_000, 2.0, 10_005)),
        nodes: 1_000, edges: 9_990, best: 6_657, evidence: Evidence::File,
        sha256: "1e4b6fd99bfa1a14886bf15f49b8f11fc31051660d1a0b629de71ff91cbf8ee5",
        fingerprint: "41f07159641ea9656325b845836a519a1636cc5c928b14728ab9fb5bb868e9fb",
    },
    Known {
        name: "G48", recipe: plain(torus(50, 60)),
        nodes: 3_000, edges: 6_000, best: 6_000, evidence: Evidence::File,
        sha256: "2c2daba39d1f1ff1657e015f58b1a8c1cbef198fa25175c182c50eae40269b6d",
        fingerprint: "2d79383fca6c37be3feb85328939d73fc725952ce468bd6f151fcea6d657e701",
    },
    Known {
        name: "G49", recipe: plain(torus(30, 100)),
        nodes: 3_000, edges: 6_000, best: 6_000, evidence: Evidence::File,
        sha256: "01733a64e25ea975b8f0f2e02be68e126b2bd8e69d2fe3553742bd2d5d66d4a3",
        fingerprint: "4ae8375b3945cc11891d8ae7ddf38872c18698ef64569097d812cc786d9d2468",
    },
    Known {
        name: "G50", recipe: plain(torus(25, 120)),
        nodes: 3_000, edges: 6_000, best: 5_880, evidence: Evidence::File,
        sha256: "d3f5f31c50898e99e3d12fe4c8b6e4768e16eaa9016bc62fc181cabf7cf55c8b",
        fingerprint: "e513af2ce002921fc8cbdcb722b11364321e5cc00735c0e1e9036cf15df6c283",
    },
    Known {
        name: "G51", recipe: plain(two_planar(1_000, 100.0, 10_001)),
        nodes: 1_000, edges: 5_909, best: 3_848, evidence: Evidence::File,
        sha256: "23b7111e929fe1c9be8dfc75d9b8d2f395552e59981bb1f2d23f5e14a7a987a5",
        fingerprint: "2a75a04d65c7d20ba9624d81d330e7e2653575fde1f68d7088a403c786b49821",
    },
    Known {
        name: "G52", recipe: plain(two_planar(1_000, 100.0, 10_003)),
        nodes: 1_000, edges: 5_916, best: 3_851, evidence: Evidence::File,
        sha256: "48ab066f1a3b0c104b21d91bcc358aac1a50160bff13d17b2b0967191cb74469",
        fingerprint: "d9f2c5abdbbd0afe4a790e50505755fc09bf3d1e1d8dfb29dab75920db249d92",
    },
    Known {
        name: "G53", recipe: plain(two_planar(1_000, 100.0, 10_005)),
        nodes: 1_000, edges: 5_914, best: 3_850, evidence: Evidence::File,
        sha256: "10ebfc718012f0855535bf360ca0d1dab9f7d2205e033e23d9ccd4467c87ce66",
        fingerprint: "572ef2f5fb970681372b24b4d3d783bf9146e9cd3b8431b6b0e7d24b73a7ec14",
    },
    Known {
        name: "G54", recipe: plain(two_planar(1_000, 100.0, 10_007)),
        nodes: 1_000, edges: 5_916, best: 3_852, evidence: Evidence::File,
        sha256: "a6150a5ff80de8f268c3e60a9b37c708cbbfdff7f079008e9501e8a89569e7cc",
        fingerprint: "505b77783b4f4f279f422cb9e2058935990ab43a818def42f33c895b40283518",
    },
    Known {
        name: "G58", recipe: plain(two_planar(5_000, 99.0, 50_001)),
        nodes: 5_000, edges: 29_570, best: 19_293, evidence: Evidence::Edges,
        sha256: "1ea4ab92ac9f025eb3d1f578741e00ddf0f61f2432cd49ecfb9d87583ddb874e",
        fingerprint: "d8869cefa17f8afeaaf2081dab49fd3e6e7bc34d4ea3bc30a739b61dda0eea17",
    },
    Known {
        name: "G63", recipe: plain(two_planar(7_000, 99.0, 70_001)),
        nodes: 7_000, edges: 41_459, best: 27_045, evidence: Evidence::Edges,
        sha256: "a1d08e1eed7a32c480e1e71b106c96c6ee280fda1bc7314a33651a8cf493a99b",
        fingerprint: "f60477c3287dad4b015dc8b9d5334c11f85756b04caace2cf8053bc53453755b",
    },
    Known {
        name: "G70", recipe: plain(random(10_000, 0.02, 100_001)),
        nodes: 10_000, edges: 9_999, best: 9_591, evidence: Evidence::File,
        sha256: "0d965a2ff1444cc71d7740824b5b3a5e09fc1843cbf6d90691b52d5221987061",
        fingerprint: "2523e6ba2344cf2d8213c8b7d6492c27e7e4b3003aebee19bb40a9685dfe656a",
    },
    Known {
        name: "K2000", recipe: signed(Shape::Clique { nodes: 2_000 }, 20_001),
        nodes: 2_000, edges: 1_999_000, best: 33_337, evidence: Evidence::Hash,
        sha256: "9ed615e5e18726914f12740b7f9bedb6b69676477ed5958fac42c8ab0c252ba7",
        fingerprint: "0768fc6550f3dbab139221407990153fad462c2fa50eb90b106adfe03a9a278b",
    },
];
