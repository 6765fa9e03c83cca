// Memory that begins where a cache line does, channels in blocks that halve, loops that are unrolled,
// and what sums come to.

#pragma once

#include <new>
#include <utility>

#include "blocks.h"

// Numbers that begin where a cache line does, as PyTorch's do: a pixel of 16 floats is one line, and
// reading it is one access instead of two. Zeros at first.
template <typename T>
class Lines {
 public:
  explicit Lines(int64_t count, T value = T(0))
      : at_(static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(64)))) {
    for (int64_t i = 0; i < count; ++i) at_[i] = value;
  }
  ~Lines() { ::operator delete(at_, std::align_val_t(64)); }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  T* data() { return at_; }
  const T* data() const { return at_; }
  T& operator[](int64_t i) { return at_[i]; }
  const T& operator[](int64_t i) const { return at_[i]; }

 private:
  T* at_;
};

// body(c, block) for all channels, in the widest blocks that there are left: 16, 8, 4, 2 or 1 floats.
// (Doubles are for tests: 8, 4 or 1 of them, which is less to compile.)
template <typename T, int64_t W = WIDTH<T>, typename Body>
inline void by_halves(int64_t C, Body body, int64_t c = 0) {
  for (; c + W <= C; c += W) body(c, typename Block<T, W>::type());
  if constexpr (W > 1) by_halves<T, (W > 4 || sizeof(T) == 4 ? W / 2 : 1)>(C, body, c);
}

#define INLINE __attribute__((always_inline))

// body(Count<0>()), body(Count<1>()), ...: a loop that is surely unrolled.
template <typename Body, int64_t... I>
INLINE inline void in_turn(Body body, std::integer_sequence<int64_t, I...>) {
  (body(Count<I>()), ...);
}
template <int64_t N, typename Body>
INLINE inline void unrolled(Body body) {
  in_turn(body, std::make_integer_sequence<int64_t, N>());
}

// Of channels' sums and sums of squares [2, C]: mean and biased variance [2, C].
inline void mean_and_variance(const double* sums, double count, int64_t C, double* out) {
  for (int64_t c = 0; c < C; ++c) {
    const double mean = sums[c] / count, spread = sums[C + c] / count - mean * mean;
    out[c] = mean;
    out[C + c] = spread < 0 ? 0 : spread;
  }
}
