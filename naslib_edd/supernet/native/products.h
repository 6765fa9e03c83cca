// Small matrix products whose sums stay in registers, and the moments of what they give.

#pragma once

#include "lines.h"

// A matrix [rows, columns], turned.
template <typename T>
void turn(const T* from, T* to, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) to[c * rows + r] = from[r * columns + c];
}

// Mean and variance [C] from the sums of `pieces`, [2, C] each, over so many numbers.
template <typename T>
void moments_of(const std::vector<double>& parts, int64_t pieces, double count, int64_t C, T* mean,
                T* variance) {
  std::vector<double> sums(2 * C), found(2 * C);
  add_up(parts, pieces, 2 * C, sums.data());
  mean_and_variance(sums.data(), count, C, found.data());
  for (int64_t c = 0; c < C; ++c) mean[c] = T(found[c]), variance[c] = T(found[C + c]);
}

// body(row, Count<rows>, c, Count<vectors>, block) for all rows and C columns, as many at once as
// there are registers for their sums.
template <typename T, typename Body>
inline void by_corners(int64_t rows, int64_t C, Body body) {
  constexpr int64_t W = WIDTH<T>, ROOM = REGISTERS > 16 ? 24 : 12;
  auto down = [&](int64_t c, auto vectors, auto block) {
    constexpr int64_t P = ROOM / decltype(vectors)::value;
    int64_t r = 0;
    for (; r + P <= rows; r += P) body(r, Count<P>(), c, vectors, block);
    for (; r + P / 4 <= rows; r += P / 4) body(r, Count<P / 4>(), c, vectors, block);
    for (; r < rows; ++r) body(r, Count<1>(), c, vectors, block);
  };
  using V = typename Block<T, W>::type;
  int64_t c = 0;
  for (; c + 3 * W <= C && c + 4 * W != C; c += 3 * W) down(c, Count<3>(), V());
  for (; c + 2 * W <= C; c += 2 * W) down(c, Count<2>(), V());
  by_halves<T>(C, [&](int64_t at, auto block) { down(at, Count<1>(), block); }, c);
}

// out [rows, C] (+)= in times weights [count, C], whose rows are `stride` apart, as out's are `wide`.
// Of `in`, the rows are `across` apart and what is summed over is `along` apart.
template <bool Add, typename T>
void product(const T* in, int64_t across, int64_t along, int64_t count, const T* weights,
             int64_t stride, T* out, int64_t wide, int64_t rows, int64_t C) {
  by_corners<T>(rows, C, [&](int64_t r, auto tiles, int64_t c, auto vectors, auto block) {
    using V = decltype(block);
    constexpr int64_t P = decltype(tiles)::value, E = decltype(vectors)::value;
    constexpr int64_t W = sizeof(V) / sizeof(T);
    V sum[E][P];
    unrolled<E>([&](auto k) INLINE {
      unrolled<P>([&](auto p) INLINE {
        sum[k][p] = Add ? load<V>(out + (r + p.value) * wide + c + k.value * W) : V{};
      });
    });
    const T *value = in + r * across, *weight = weights + c;
#pragma GCC unroll 4
    for (int64_t i = 0; i < count; ++i, value += along, weight += stride) {
      V row[E];
      unrolled<E>([&](auto k) INLINE { row[k] = load<V>(weight + k.value * W); });
      unrolled<P>([&](auto p) INLINE {
        const T one = value[p.value * across];
        unrolled<E>([&](auto k) INLINE { sum[k][p] += one * row[k]; });
      });
    }
    unrolled<E>([&](auto k) INLINE {
      unrolled<P>([&](auto p) INLINE {
        store(out + (r + p.value) * wide + c + k.value * W, sum[k][p]);
      });
    });
  });
}
