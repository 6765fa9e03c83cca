// Shapes, blocks of channels, and sums whose result does not depend on the number of threads.

#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

using std::int64_t;

struct Shape {
  int64_t images, height, width, channels, edges;
  int64_t row() const { return width * channels; }
  int64_t image() const { return height * row(); }
  int64_t batched() const { return channels * edges; }
};

inline int64_t reach(int64_t place, int64_t size) {  // pixels of a window of three that lie inside
  return 3 - (place == 0) - (place == size - 1);
}

template <typename T>
inline T rectified_of(T value) {
  return value > T(0) || value != value ? value : T(0);  // no NaN is lost
}

// W neighbouring channels as one value, in vector registers.
template <typename T, int64_t W>
struct Block {
  typedef T type __attribute__((vector_size(W * sizeof(T))));
};

template <typename V, typename T>
V load(const T* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof(V));
  return value;
}

template <typename V, typename T>
void store(T* to, V value) {
  __builtin_memcpy(to, &value, sizeof(V));
}

// All channels of one edge, in neighbouring blocks (two of 16 where there are, else one).
template <typename T, typename Body>
void by_columns(int64_t C, Body body) {
  using One = std::integral_constant<int64_t, 1>;
  using Two = std::integral_constant<int64_t, 2>;
  int64_t c = 0;
  for (; c + 32 <= C; c += 32) body(c, Two(), typename Block<T, 16>::type());
  for (; c + 16 <= C; c += 16) body(c, One(), typename Block<T, 16>::type());
  for (; c + 4 <= C; c += 4) body(c, One(), typename Block<T, 4>::type());
  for (; c < C; ++c) body(c, One(), typename Block<T, 1>::type());
}

// Ask for memory that is needed soon; the hardware stops asking at the end of a page.
template <typename T>
inline void prefetch(const T* from, int64_t count) {
  const char* at = reinterpret_cast<const char*>(from);
  for (int64_t i = 0; i < count * int64_t(sizeof(T)); i += 64) __builtin_prefetch(at + i);
}

// All channels of all edges, in blocks of channels (16, 4 or 1) and of edges (3, 2 or 1) whose sizes
// the compiler knows. Edges side by side are one stretch of memory: they are gone over together.
template <typename T, typename Body>
void by_blocks(const Shape& s, Body body) {
  auto channels = [&](int64_t e, auto edges) {
    int64_t c = 0;
    for (; c + 16 <= s.channels; c += 16) body(e, c, edges, typename Block<T, 16>::type());
    for (; c + 4 <= s.channels; c += 4) body(e, c, edges, typename Block<T, 4>::type());
    for (; c < s.channels; ++c) body(e, c, edges, typename Block<T, 1>::type());
  };
  int64_t e = 0;
  for (; e + 3 <= s.edges; e += 3) channels(e, std::integral_constant<int64_t, 3>());
  for (; e + 2 <= s.edges; e += 2) channels(e, std::integral_constant<int64_t, 2>());
  for (; e < s.edges; ++e) channels(e, std::integral_constant<int64_t, 1>());
}

// Pixels that one go of a small matrix product takes: their sums stay in registers.
#ifdef __AVX512F__
constexpr int64_t PIXELS = 8;
#else
constexpr int64_t PIXELS = 4;
#endif

// body(w, count) for all pixels of a row, as many at once as the compiler knows: PIXELS or 1.
template <typename Body>
void by_pixels(int64_t width, Body body) {
  int64_t w = 0;
  for (; w + PIXELS <= width; w += PIXELS) body(w, std::integral_constant<int64_t, PIXELS>());
  for (; w < width; ++w) body(w, std::integral_constant<int64_t, 1>());
}

// sums[k][p] += sum_i in[p*count + i] * weights[i*stride + k*step], a block of channels each.
template <int64_t E, int64_t P, typename V, typename T>
inline void multiply(const T* in, int64_t count, const T* weights, int64_t stride, int64_t step,
                     V (&sums)[E][P]) {
  for (int64_t i = 0; i < count; ++i) {
    V weight[E];
    for (int64_t k = 0; k < E; ++k) weight[k] = load<V>(weights + i * stride + k * step);
    for (int64_t p = 0; p < P; ++p) {
      const T value = in[p * count + i];
      for (int64_t k = 0; k < E; ++k) sums[k][p] += value * weight[k];
    }
  }
}

// parts[d*C + c] += sum over pixels of g[.., d] * x[.., c], both [pixels, C]; of ReLU(x) if so.
template <bool Rectified, typename T>
void outer(const T* g, const T* x, int64_t pixels, int64_t C, double* parts) {
  constexpr int64_t stretch = 1024;  // pixels whose sum stays in T
  auto corner = [&](int64_t d, auto rows, int64_t c, auto blocks, auto block) {
    using V = decltype(block);
    constexpr int64_t D = decltype(rows)::value, K = decltype(blocks)::value;
    constexpr int64_t W = sizeof(V) / sizeof(T);
    for (int64_t begin = 0; begin < pixels; begin += stretch) {
      const int64_t end = begin + stretch < pixels ? begin + stretch : pixels;
      V sum[K][D] = {};
      for (int64_t n = begin; n < end; ++n) {
        V value[K];
        for (int64_t k = 0; k < K; ++k) {
          value[k] = load<V>(x + n * C + c + k * W);
          if (Rectified) value[k] = value[k] > V{} ? value[k] : V{};
        }
        for (int64_t i = 0; i < D; ++i)
          for (int64_t k = 0; k < K; ++k) sum[k][i] += g[n * C + d + i] * value[k];
      }
      for (int64_t k = 0; k < K; ++k)
        for (int64_t i = 0; i < D; ++i)
          for (int64_t v = 0; v < W; ++v) parts[(d + i) * C + c + k * W + v] += sum[k][i][v];
    }
  };
  auto columns = [&](int64_t c, auto blocks, auto block) {
    constexpr int64_t D = PIXELS * (decltype(blocks)::value == 1 ? 2 : 1);
    int64_t d = 0;
    for (; d + D <= C; d += D) corner(d, std::integral_constant<int64_t, D>(), c, blocks, block);
    for (; d < C; ++d) corner(d, std::integral_constant<int64_t, 1>(), c, blocks, block);
  };
  by_columns<T>(C, columns);
}

// The images in stretches, each with sums of its own, which are added up in their order. How many
// depends on the shape alone: on a batch, and on how much there is to add up.
inline int64_t stretches(int64_t images, int64_t sums) {
  const int64_t most = sums < 4096 ? 64 : sums < 16384 ? 32 : 16;
  return images < most ? images : most;
}

template <typename T>
void add_up(const std::vector<double>& parts, int64_t stretches, int64_t count, T* out) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t b = 0; b < stretches; ++b) sum += parts[b * count + i];
    out[i] = T(sum);
  }
}
