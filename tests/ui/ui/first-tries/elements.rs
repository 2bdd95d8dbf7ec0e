use shmstore::FixedVec;

fn main() {
    let _: FixedVec<u8, 4> = FixedVec::new([1, 2]);
    let _: FixedVec<u8, 4> = FixedVec::from(vec![1]);
    let _: FixedVec<u8, 4> = FixedVec::from(&[1, 2][..]);
    let _: FixedVec<u8, 4> = vec![1].into();
    let _: FixedVec<u8, 4> = (0..2).collect();
}
