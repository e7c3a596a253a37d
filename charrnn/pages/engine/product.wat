;; The product of a matrix and a vector, four rows at a time:
;;
;;     y[r] = sum over k of w[r, k] x[k]
;;
;; Either both are 32-bit floats, or w has integers of 8 bits and x of 16 bits; y has 32-bit floats. Rows of w are padded
;; with zeros to a multiple of 16 bytes, and so is x; y has room for a multiple of four numbers.
(module
  (import "page" "memory" (memory 1))

  ;; $w, $x, $y: addresses; $rows: number of rows; $bytes: bytes of a row; $small: whether w has integers.
  (func (export "product")
    (param $w i32) (param $x i32) (param $y i32) (param $rows i32) (param $bytes i32) (param $small i32)
    (local $w1 i32) (local $w2 i32) (local $w3 i32) (local $k i32)
    (local $v v128) (local $s0 v128) (local $s1 v128) (local $s2 v128) (local $s3 v128)
    (local $low v128) (local $high v128)
    (loop $four_rows
      (local.set $w1 (i32.add (local.get $w) (local.get $bytes)))
      (local.set $w2 (i32.add (local.get $w1) (local.get $bytes)))
      (local.set $w3 (i32.add (local.get $w2) (local.get $bytes)))
      (local.set $s0 (v128.const f32x4 0 0 0 0))
      (local.set $s1 (v128.const f32x4 0 0 0 0))
      (local.set $s2 (v128.const f32x4 0 0 0 0))
      (local.set $s3 (v128.const f32x4 0 0 0 0))
      (local.set $k (i32.const 0))
      (if (local.get $small)
        (then
          (loop $eight_columns
            (local.set $v (v128.load (i32.add (local.get $x) (i32.shl (local.get $k) (i32.const 1)))))
            (local.set $s0 (i32x4.add (local.get $s0)
              (i32x4.dot_i16x8_s (local.get $v) (v128.load8x8_s (i32.add (local.get $w) (local.get $k))))))
            (local.set $s1 (i32x4.add (local.get $s1)
              (i32x4.dot_i16x8_s (local.get $v) (v128.load8x8_s (i32.add (local.get $w1) (local.get $k))))))
            (local.set $s2 (i32x4.add (local.get $s2)
              (i32x4.dot_i16x8_s (local.get $v) (v128.load8x8_s (i32.add (local.get $w2) (local.get $k))))))
            (local.set $s3 (i32x4.add (local.get $s3)
              (i32x4.dot_i16x8_s (local.get $v) (v128.load8x8_s (i32.add (local.get $w3) (local.get $k))))))
            (local.set $k (i32.add (local.get $k) (i32.const 8)))
            (br_if $eight_columns (i32.lt_u (local.get $k) (local.get $bytes))))
          (local.set $s0 (f32x4.convert_i32x4_s (local.get $s0)))
          (local.set $s1 (f32x4.convert_i32x4_s (local.get $s1)))
          (local.set $s2 (f32x4.convert_i32x4_s (local.get $s2)))
          (local.set $s3 (f32x4.convert_i32x4_s (local.get $s3))))
        (else
          (loop $four_columns
            (local.set $v (v128.load (i32.add (local.get $x) (local.get $k))))
            (local.set $s0 (f32x4.add (local.get $s0)
              (f32x4.mul (local.get $v) (v128.load (i32.add (local.get $w) (local.get $k))))))
            (local.set $s1 (f32x4.add (local.get $s1)
              (f32x4.mul (local.get $v) (v128.load (i32.add (local.get $w1) (local.get $k))))))
            (local.set $s2 (f32x4.add (local.get $s2)
              (f32x4.mul (local.get $v) (v128.load (i32.add (local.get $w2) (local.get $k))))))
            (local.set $s3 (f32x4.add (local.get $s3)
              (f32x4.mul (local.get $v) (v128.load (i32.add (local.get $w3) (local.get $k))))))
            (local.set $k (i32.add (local.get $k) (i32.const 16)))
            (br_if $four_columns (i32.lt_u (local.get $k) (local.get $bytes))))))
      ;; Each sum is spread over four lanes: transpose the four vectors while adding them.
      (local.set $low (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 24 25 26 27 (local.get $s0) (local.get $s1))
        (i8x16.shuffle 4 5 6 7 20 21 22 23 12 13 14 15 28 29 30 31 (local.get $s0) (local.get $s1))))
      (local.set $high (f32x4.add
        (i8x16.shuffle 0 1 2 3 16 17 18 19 8 9 10 11 24 25 26 27 (local.get $s2) (local.get $s3))
        (i8x16.shuffle 4 5 6 7 20 21 22 23 12 13 14 15 28 29 30 31 (local.get $s2) (local.get $s3))))
      (v128.store (local.get $y) (f32x4.add
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $low) (local.get $high))
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $low) (local.get $high))))
      (local.set $y (i32.add (local.get $y) (i32.const 16)))
      (local.set $w (i32.add (local.get $w3) (local.get $bytes)))
      (local.set $rows (i32.sub (local.get $rows) (i32.const 4)))
      (br_if $four_rows (i32.gt_s (local.get $rows) (i32.const 0))))))
