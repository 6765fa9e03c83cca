// Shapes, blocks of channels, and sums whose result does not depend on the number of threads.

#pragma once

#include <cstdint>
#include <cstring>
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

// Of the instruction set that is compiled for: bytes of a vector register, and how many there are.
#if defined(__AVX512F__)
constexpr int64_t REGISTER = 64, REGISTERS = 32;
#elif defined(__AVX__)
constexpr int64_t REGISTER = 32, REGISTERS = 16;
#elif defined(__aarch64__)
constexpr int64_t REGISTER = 16, REGISTERS = 32;  // NEON
#else
constexpr int64_t REGISTER = 16, REGISTERS = 16;  // SSE2, or what the compiler makes of it
#endif

// How many numbers a register holds.
template <typename T>
constexpr int64_t WIDTH = REGISTER / sizeof(T);

// W neighbouring channels as one value. One that is wider than a register would live in memory.
template <typename T, int64_t W>
struct Block {
  static_assert(W * sizeof(T) <= REGISTER, "wider than a register");
  typedef T type __attribute__((vector_size(W * sizeof(T))));
};

template <typename V, typename T>
inline __attribute__((always_inline)) V load(const T* from) {
  V value;
  __builtin_memcpy(&value, from, sizeof(V));
  return value;
}

template <typename V, typename T>
inline __attribute__((always_inline)) void store(T* to, V value) {
  __builtin_memcpy(to, &value, sizeof(V));
}

// A number of half precision: the upper half of a float. It is kept and handed to PyTorch's
// convolutions; all that is computed here is computed in float.
struct BFloat16 {
  uint16_t bits;
};

inline float wide(BFloat16 value) {
  const uint32_t bits = uint32_t(value.bits) << 16;
  float found;
  std::memcpy(&found, &bits, sizeof(found));
  return found;
}
inline float wide(float value) { return value; }
inline double wide(double value) { return value; }

// To the nearest, of two as near to the even one, as PyTorch rounds.
inline BFloat16 narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  const uint32_t nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return {uint16_t(value != value ? 0x7fc0u : nearest)};
}

// The blocks of so many halves, and of the numbers that they are widened to.
template <int64_t W>
struct Halves {
  typedef uint16_t Short __attribute__((vector_size(W * sizeof(uint16_t))));
  typedef uint32_t Long __attribute__((vector_size(W * sizeof(uint32_t))));
};

template <typename V>
inline __attribute__((always_inline)) V load(const BFloat16* from) {
  constexpr int64_t W = sizeof(V) / sizeof(float);
  V value;
  if constexpr (W == 1) {
    value[0] = wide(*from);
  } else {
    typename Halves<W>::Short bits;
    __builtin_memcpy(&bits, from, sizeof(bits));
    const auto shifted = __builtin_convertvector(bits, typename Halves<W>::Long) << 16;
    __builtin_memcpy(&value, &shifted, sizeof(V));
  }
  return value;
}

template <typename V>
inline __attribute__((always_inline)) void store(BFloat16* to, V value) {
  constexpr int64_t W = sizeof(V) / sizeof(float);
  if constexpr (W == 1) {
    *to = narrow(value[0]);
  } else {
    typename Halves<W>::Long bits;
    __builtin_memcpy(&bits, &value, sizeof(V));
    const auto nearest = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
    const auto found = value != value ? nearest * 0u + 0x7fc0u : nearest;
    const auto halves = __builtin_convertvector(found, typename Halves<W>::Short);
    __builtin_memcpy(to, &halves, sizeof(halves));
  }
}

// On AVX-512 a product in a block of four floats that is rounded before it is added, as the compiler
// happened to have it when the committed records were made: their networks have 8 channels.
template <typename V>
inline __attribute__((always_inline)) void rounded(V& product) {
#ifdef __AVX512F__
  if constexpr (sizeof(V) == 16) asm("" : "+v"(product));
#else
  (void)product;
#endif
}

template <int64_t N>
using Count = std::integral_constant<int64_t, N>;

// body(c, block) from channel c on, in blocks of W channels and, of what is left, of 4, then of 1.
template <typename T, int64_t W, typename Body>
inline void narrowing(int64_t c, int64_t C, Body& body) {
  for (; c + W <= C; c += W) body(c, typename Block<T, W>::type());
  if constexpr (W > 1) narrowing<T, (W > 4 ? 4 : 1)>(c, C, body);
}

// All channels of one edge: two registers' at once where there are so many, then one's, then less.
template <typename T, typename Body>
inline void by_columns(int64_t C, Body body) {
  constexpr int64_t W = WIDTH<T>;
  int64_t c = 0;
  for (; c + 2 * W <= C; c += 2 * W) body(c, Count<2>(), typename Block<T, W>::type());
  auto one = [&body](int64_t at, auto block) { body(at, Count<1>(), block); };
  narrowing<T, W>(c, C, one);
}

// Ask for memory that is needed soon; the hardware stops asking at the end of a page.
template <typename T>
inline void prefetch(const T* from, int64_t count) {
  const char* at = reinterpret_cast<const char*>(from);
  for (int64_t i = 0; i < count * int64_t(sizeof(T)); i += 64) __builtin_prefetch(at + i);
}

// All channels of all edges, in blocks of channels and of edges (MOST or fewer) whose sizes the
// compiler knows. Edges side by side are one stretch of memory: they are gone over together.
template <typename T, int64_t MOST = 3, typename Body>
inline void by_blocks(const Shape& s, Body body, int64_t e = 0) {
  for (; e + MOST <= s.edges; e += MOST) {
    auto channels = [&body, e](int64_t c, auto block) { body(e, c, Count<MOST>(), block); };
    narrowing<T, WIDTH<T>>(0, s.channels, channels);
  }
  if constexpr (MOST > 1) by_blocks<T, MOST - 1>(s, body, e);
}

// Pixels that one go of a small matrix product takes, `vectors` sums each: they stay in registers,
// beside what they are made of, and are enough for the multipliers to be always busy.
constexpr int64_t pixels_of(int64_t vectors) {
  return REGISTERS > 16 || vectors == 1 ? 8 : 4;
}

// body(w, count) for all pixels of a row, as many at once as the compiler knows: P or 1.
template <int64_t P, typename Body>
inline void by_pixels(int64_t width, Body body) {
  int64_t w = 0;
  for (; w + P <= width; w += P) body(w, Count<P>());
  for (; w < width; ++w) body(w, Count<1>());
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
    constexpr int64_t D = REGISTERS / 4 * (decltype(blocks)::value == 1 ? 2 : 1);
    int64_t d = 0;
    for (; d + D <= C; d += D) corner(d, Count<D>(), c, blocks, block);
    for (; d < C; ++d) corner(d, Count<1>(), c, blocks, block);
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
