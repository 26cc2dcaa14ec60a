//! The published vectors of RFC 6962, and every operation against the recursive definitions.

use proptest::prelude::*;

use super::*;

/// The leaves of the test vectors of certificate-transparency.
const LEAVES: [&[u8]; 8] = [
    b"",
    &[0],
    &[0x10],
    &[0x20, 0x21],
    &[0x30, 0x31],
    &[0x40, 0x41, 0x42, 0x43],
    &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
    &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
];

/// Their roots for sizes 0 to 8.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

const LEFT_LEAF: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
const SECOND_PAIR: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
const RIGHT_HALF: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
const FIFTH_LEAF: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
const LAST_PAIR: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
const THIRD_PAIR: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";

fn published() -> Vec<Digest> {
    LEAVES.iter().map(|data| leaf_hash(data)).collect()
}

fn digests(texts: &[&str]) -> Option<Vec<Digest>> {
    Some(texts.iter().map(|text| text.parse().unwrap()).collect())
}

/// `count` leaves that differ.
fn leaves(count: u64) -> Vec<Digest> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

#[test]
fn the_published_roots() {
    for (size, root) in ROOTS.iter().enumerate() {
        assert_eq!(root_of(&published()[..size]).to_string(), *root, "{size}");
    }
}

#[test]
fn the_published_inclusion_proofs() {
    for (index, size, proof) in [
        (0, 1, &[][..]),
        (0, 8, &[LEFT_LEAF, SECOND_PAIR, RIGHT_HALF]),
        (5, 8, &[FIFTH_LEAF, LAST_PAIR, ROOTS[4]]),
        (2, 3, &[ROOTS[2]]),
        (1, 5, &[ROOTS[1], SECOND_PAIR, FIFTH_LEAF]),
    ] {
        assert_eq!(inclusion_proof(&published()[..size], index), digests(proof), "{index} in {size}");
    }
}

#[test]
fn the_published_consistency_proofs() {
    for (older, newer, proof) in [
        (1, 1, &[][..]),
        (1, 8, &[LEFT_LEAF, SECOND_PAIR, RIGHT_HALF]),
        (6, 8, &[THIRD_PAIR, LAST_PAIR, ROOTS[4]]),
        (2, 5, &[SECOND_PAIR, FIFTH_LEAF]),
    ] {
        assert_eq!(consistency_proof(&published()[..newer], older), digests(proof), "{older} to {newer}");
    }
}

/// RFC 9162 section 2.1.1, word by word.
fn naive_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(naive_split(leaves.len()));
            node_hash(&naive_root(left), &naive_root(right))
        }
    }
}

/// RFC 9162 section 2.1.3.1.
fn naive_path(index: usize, leaves: &[Digest]) -> Vec<Digest> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    if index < left.len() {
        [naive_path(index, left), vec![naive_root(right)]].concat()
    } else {
        [naive_path(index - left.len(), right), vec![naive_root(left)]].concat()
    }
}

/// RFC 9162 section 2.1.4.1.
fn naive_subproof(older: usize, leaves: &[Digest], whole: bool) -> Vec<Digest> {
    if older == leaves.len() {
        return if whole { Vec::new() } else { vec![naive_root(leaves)] };
    }
    let (left, right) = leaves.split_at(naive_split(leaves.len()));
    if older <= left.len() {
        [naive_subproof(older, left, whole), vec![naive_root(right)]].concat()
    } else {
        [naive_subproof(older - left.len(), right, false), vec![naive_root(left)]].concat()
    }
}

fn naive_split(size: usize) -> usize {
    let mut power = 1;
    while power * 2 < size {
        power *= 2;
    }
    power
}

#[test]
fn every_small_tree_is_the_recursive_one_and_every_proof_holds() {
    for size in 0..=33 {
        let leaves = leaves(size);
        let root = naive_root(&leaves);
        assert_eq!(root_of(&leaves), root, "{size}");
        for index in 0..size {
            let proof = inclusion_proof(&leaves, index).unwrap();
            let leaf = &leaves[index as usize];
            assert_eq!(proof, naive_path(index as usize, &leaves), "{index} in {size}");
            assert_eq!(verify_inclusion(leaf, index, size, &proof, &root), Ok(()), "{index} in {size}");
        }
        for older in 0..=size {
            let proof = consistency_proof(&leaves, older).unwrap();
            let older_root = naive_root(&leaves[..older as usize]);
            if older > 0 {
                assert_eq!(proof, naive_subproof(older as usize, &leaves, true), "{older} to {size}");
            }
            let verdict = verify_consistency(older, &older_root, size, &root, &proof);
            assert_eq!(verdict, Ok(()), "{older} to {size}");
        }
    }
}

#[test]
fn a_leaf_or_tree_that_is_not_there_has_no_proof() {
    let leaves = leaves(4);
    assert_eq!(inclusion_proof(&leaves, 4), None);
    assert_eq!(inclusion_proof(&[], 0), None);
    assert_eq!(consistency_proof(&leaves, 5), None);
    let (leaf, root) = (leaves[0], root_of(&leaves));
    assert_eq!(verify_inclusion(&leaf, 4, 4, &[], &root), Err(ProofError::Outside { index: 4, size: 4 }));
    assert_eq!(verify_inclusion(&leaf, 0, 0, &[], &root), Err(ProofError::Outside { index: 0, size: 0 }));
    let shrunk = Err(ProofError::Shrunk { older: 5, newer: 4 });
    assert_eq!(verify_consistency(5, &root, 4, &root, &[]), shrunk);
    let other = Err(ProofError::Root { tree: "older" });
    assert_eq!(verify_consistency(0, &root, 4, &root, &[]), other);
    assert_eq!(verify_consistency(4, &leaf, 4, &root, &[]), other);
    assert_eq!(verify_consistency(3, &root, 4, &root, &[]), Err(ProofError::Length { found: 0 }));
}

#[test]
fn the_largest_sizes_are_no_trouble() {
    let leaf = leaf_hash(b"leaf");
    for size in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1] {
        for index in [0, 1, size / 2, size - 2, size - 1] {
            let length = inclusion_ranges(index, size).unwrap().len();
            let proof = vec![leaf; length];
            let root = root_from_inclusion(&leaf, index, size, &proof).unwrap();
            assert_eq!(verify_inclusion(&leaf, index, size, &proof, &root), Ok(()));
            assert!(root_from_inclusion(&leaf, index, size, &proof[1..]).is_err(), "{index} in {size}");
            assert!(root_from_inclusion(&leaf, index, size, &vec![leaf; length + 1]).is_err());
        }
        for older in [1, 2, 3, size / 2, size - 1] {
            let proof = vec![leaf; consistency_ranges(older, size).unwrap().len()];
            let verdict = verify_consistency(older, &leaf, size, &leaf, &proof);
            assert!(matches!(verdict, Err(ProofError::Root { .. })), "{older} to {size}: {verdict:?}");
        }
    }
}

#[test]
fn a_tree_is_kept_as_its_frontier_and_nothing_else_is_one() {
    let all = leaves(21);
    let kept = TreeBuilder::restore(13, &{
        let mut tree = TreeBuilder::new();
        all[..13].iter().for_each(|leaf| _ = tree.append(*leaf));
        assert_eq!((tree.size(), tree.frontier().len()), (13, 3));
        tree.frontier()
    });
    let mut tree = kept.unwrap();
    for (index, leaf) in (13..).zip(&all[13..]) {
        assert_eq!(tree.append(*leaf), index);
    }
    assert_eq!(tree.root(), naive_root(&all));

    let hashes = tree.frontier();
    assert_eq!(
        TreeBuilder::restore(22, &[hashes.clone(), hashes].concat()).unwrap_err().to_string(),
        "frontier of 6 hashes for size 22, expected one for each binary 1 of a size up to 9223372036854775807"
    );
    assert!(TreeBuilder::restore(1, &[]).is_err());
    assert!(TreeBuilder::restore(1 << 63, &all[..1]).is_err());
    assert_eq!(TreeBuilder::restore(0, &[]), Ok(TreeBuilder::new()));
}

#[test]
fn a_subtree_stands_where_its_leaves_would() {
    let all = leaves(14);
    let mut tree = TreeBuilder::new();
    tree.append_subtree(2, root_of(&all[..4])).unwrap();
    tree.append(all[4]);
    assert!(tree.append_subtree(1, root_of(&all[5..7])).is_err(), "a subtree of two at an odd index");
    tree.append_subtree(0, all[5]).unwrap();
    tree.append_subtree(1, root_of(&all[6..8])).unwrap();
    tree.append_subtree(2, root_of(&all[8..12])).unwrap();
    tree.append_subtree(1, root_of(&all[12..])).unwrap();
    assert_eq!((tree.size(), tree.root()), (14, naive_root(&all)));
    for level in [2, 62, 63, 64, u32::MAX] {
        assert!(tree.append_subtree(level, all[0]).is_err(), "{level}");
    }
    assert_eq!(tree.size(), 14);
}

fn hashes() -> impl Strategy<Value = Vec<Digest>> {
    prop::collection::vec(any::<[u8; 32]>().prop_map(Digest::from_bytes), 0..70)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn larger_trees_are_the_recursive_ones(
        size in 1_u64..600,
        index in any::<prop::sample::Index>(),
        older in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(size);
        let (index, older) = (index.index(leaves.len()), older.index(leaves.len()) + 1);
        let root = naive_root(&leaves);
        prop_assert_eq!(root_of(&leaves), root);
        let path = inclusion_proof(&leaves, index as u64).unwrap();
        prop_assert_eq!(&path, &naive_path(index, &leaves));
        prop_assert_eq!(verify_inclusion(&leaves[index], index as u64, size, &path, &root), Ok(()));
        let proof = consistency_proof(&leaves, older as u64).unwrap();
        prop_assert_eq!(&proof, &naive_subproof(older, &leaves, true));
        let older_root = naive_root(&leaves[..older]);
        prop_assert_eq!(verify_consistency(older as u64, &older_root, size, &root, &proof), Ok(()));
    }

    #[test]
    fn a_proof_holds_for_nothing_else(
        size in 2_u64..200,
        index in any::<prop::sample::Index>(),
        changed in any::<prop::sample::Index>(),
        bit in 0_usize..256,
    ) {
        let leaves = leaves(size);
        let root = root_of(&leaves);
        let index = index.index(leaves.len()) as u64;
        let leaf = &leaves[index as usize];
        let proof = inclusion_proof(&leaves, index).unwrap();
        let mut flipped = proof.clone();
        let place = changed.index(flipped.len());
        let mut bytes = *flipped[place].as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        flipped[place] = Digest::from_bytes(bytes);
        prop_assert!(verify_inclusion(leaf, index, size, &flipped, &root).is_err());
        prop_assert!(verify_inclusion(leaf, index, size, &proof[1..], &root).is_err());
        let other = (index + 1) % size;
        prop_assert!(verify_inclusion(leaf, other, size, &proof, &root).is_err());
        prop_assert!(verify_inclusion(&root, index, size, &proof, &root).is_err());
    }

    #[test]
    fn a_consistency_proof_holds_for_nothing_else(
        newer in 2_u64..200,
        older in any::<prop::sample::Index>(),
        changed in any::<prop::sample::Index>(),
        other in any::<[u8; 32]>(),
    ) {
        let leaves = leaves(newer);
        let older = older.index(leaves.len() - 1) as u64 + 1;
        let (old_root, root) = (root_of(&leaves[..older as usize]), root_of(&leaves));
        let (proof, other) = (consistency_proof(&leaves, older).unwrap(), Digest::from_bytes(other));
        let verdict = |old_root, root, proof: &[Digest]| verify_consistency(older, old_root, newer, root, proof);
        prop_assert_eq!(verdict(&old_root, &root, &proof), Ok(()));
        let mut damaged = proof.clone();
        damaged[changed.index(proof.len())] = other;
        prop_assert!(verdict(&old_root, &root, &damaged).is_err());
        prop_assert!(verdict(&old_root, &root, &proof[1..]).is_err());
        prop_assert!(verdict(&old_root, &root, &[&proof[..], &[other]].concat()).is_err());
        prop_assert_eq!(verdict(&old_root, &other, &proof), Err(ProofError::Root { tree: "newer" }));
        // A perfect older tree is a node of the newer one, so there its root leads to another newer root as well.
        let with_other = verdict(&other, &root, &proof);
        if !older.is_power_of_two() {
            prop_assert_eq!(with_other, Err(ProofError::Root { tree: "older" }));
        }
        prop_assert!(with_other.is_err());
    }

    #[test]
    fn hostile_proofs_end_in_an_error(
        one in any::<u64>(), other in any::<u64>(), proof in hashes(), leaf in any::<[u8; 32]>()
    ) {
        let leaf = Digest::from_bytes(leaf);
        prop_assert!(verify_inclusion(&leaf, one, other, &proof, &leaf).is_err() || (one, other) == (0, 1));
        let consistent = verify_consistency(one, &leaf, other, &leaf, &proof).is_ok();
        prop_assert!(!consistent || one == other);
        prop_assert_eq!(inclusion_ranges(one, other).is_some(), one < other);
        prop_assert_eq!(consistency_ranges(one, other).is_some(), one <= other);
    }

    #[test]
    fn hidden_runs_change_no_root(runs in prop::collection::vec((any::<bool>(), 1_u64..40), 1..12)) {
        let all = leaves(runs.iter().map(|(_, length)| length).sum());
        let mut tree = TreeBuilder::new();
        for (hidden, length) in runs {
            let start = tree.size();
            let mut range = CompactRange::starting_at(start);
            for leaf in &all[start as usize..(start + length) as usize] {
                if hidden { range.push(0, *leaf) } else { tree.append(*leaf); }
            }
            for node in range.nodes() {
                prop_assert!(tree.append_subtree(node.level, node.hash).is_ok());
            }
        }
        prop_assert_eq!(tree.root(), naive_root(&all));
    }
}
