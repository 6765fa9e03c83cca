// 3x3 convolutions of stride 1, padded by one pixel, with less than a third of the multiplications:
// Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray, "Fast Algorithms for Convolutional Neural
// Networks", CVPR 2016), with both its adjoints for the backward pass.
//
// An output tile of 4x4 pixels is made of an input tile of 6x6. Both, and the kernel, are transformed to
// 36 places; at each place the convolution is a matrix product over channels:
//
//     forward    Y = A^T [ (G k G^T) * (B^T x B) ] A
//     backward   D = A dY A^T,  dx += B [ D * (G k G^T) ] B^T,  dk = G^T [ D * (B^T x B) ] G
//
// so the gradients are those of the function that is computed, and their tiles are transformed once for
// both. Tensors are channels-last, [B, H, W, C]; kernels [C out, 3, 3, C in]. Called by
// naslib_edd/supernet/native/convolutions.py, whose slow twin is PyTorch's convolution.

#pragma once

#include <algorithm>

#include "lines.h"

constexpr int64_t OUT = 4, IN = 6, PLACES = IN * IN;
constexpr int64_t TILES = 24;     // at once: what they are transformed to stays in the second-level cache
constexpr int64_t COLUMNS = 48;   // output channels at once, for the same reason

// The transforms of one row or column: N values that are `step` apart, in place of a matrix.
template <typename V>
INLINE inline void input_row(const V (&d)[IN], V (&t)[IN]) {  // B^T
  const V even = d[4] - 4 * d[2], odd = d[3] - 4 * d[1];
  const V near = d[4] - d[2], far = 2 * (d[3] - d[1]);
  t[0] = 4 * d[0] - 5 * d[2] + d[4];
  t[1] = even + odd;
  t[2] = even - odd;
  t[3] = near + far;
  t[4] = near - far;
  t[5] = 4 * d[1] - 5 * d[3] + d[5];
}
template <typename V>
INLINE inline void input_row_back(const V (&t)[IN], V (&d)[IN]) {  // B
  const V sum = t[1] + t[2], difference = t[1] - t[2], more = t[3] + t[4], less = t[3] - t[4];
  d[0] = 4 * t[0];
  d[1] = 4 * (t[5] - difference) - 2 * less;
  d[2] = -5 * t[0] - 4 * sum - more;
  d[3] = difference + 2 * less - 5 * t[5];
  d[4] = t[0] + sum + more;
  d[5] = t[5];
}
template <typename V>
INLINE inline void output_row(const V (&m)[IN], V (&y)[OUT]) {  // A^T
  const V sum = m[1] + m[2], difference = m[1] - m[2], more = m[3] + m[4], less = m[3] - m[4];
  y[0] = m[0] + sum + more;
  y[1] = difference + 2 * less;
  y[2] = sum + 4 * more;
  y[3] = difference + 8 * less + m[5];
}
template <typename V>
INLINE inline void output_row_back(const V (&y)[OUT], V (&m)[IN]) {  // A
  const V even = y[0] + y[2], odd = y[1] + y[3];
  const V wide = y[0] + 4 * y[2], far = 2 * y[1] + 8 * y[3];
  m[0] = y[0];
  m[1] = even + odd;
  m[2] = even - odd;
  m[3] = wide + far;
  m[4] = wide - far;
  m[5] = y[3];
}
template <typename T, typename V>
INLINE inline void kernel_row(const V (&g)[3], V (&u)[IN]) {  // G
  const V ends = g[0] + g[2], wide = g[0] * T(1. / 24) + g[2] * T(1. / 6), far = g[1] * T(1. / 12);
  u[0] = g[0] * T(.25);
  u[1] = (ends + g[1]) * T(-1. / 6);
  u[2] = (ends - g[1]) * T(-1. / 6);
  u[3] = wide + far;
  u[4] = wide - far;
  u[5] = g[2];
}
template <typename T, typename V>
INLINE inline void kernel_row_back(const V (&u)[IN], V (&g)[3]) {  // G^T
  const V sum = u[1] + u[2], more = u[3] + u[4];
  g[0] = u[0] * T(.25) - sum * T(1. / 6) + more * T(1. / 24);
  g[1] = (u[2] - u[1]) * T(1. / 6) + (u[3] - u[4]) * T(1. / 12);
  g[2] = (more - sum) * T(1. / 6) + u[5];
}

// A matrix [I, J] to [I2, J2]: columns by `first`, then rows; get(i, j) and put(i, j, value).
template <int64_t I, int64_t J, int64_t I2, int64_t J2, typename V, typename Get, typename Columns,
          typename Rows, typename Put>
INLINE inline void both_ways(Get get, Columns columns, Rows rows, Put put) {
  V half[I2][J];
  for (int64_t j = 0; j < J; ++j) {
    V column[I], found[I2];
    for (int64_t i = 0; i < I; ++i) column[i] = get(i, j);
    columns(column, found);
    for (int64_t i = 0; i < I2; ++i) half[i][j] = found[i];
  }
  for (int64_t i = 0; i < I2; ++i) {
    V found[J2];
    rows(half[i], found);
    for (int64_t j = 0; j < J2; ++j) put(i, j, found[j]);
  }
}

// Where the tiles of a batch lie.
struct Tiling {
  int64_t images, height, width;
  int64_t down() const { return (height + OUT - 1) / OUT; }
  int64_t along() const { return (width + OUT - 1) / OUT; }
  int64_t each() const { return down() * along(); }
};
struct Tile {
  int64_t image, y, x;  // of its first output pixel
  Tile(const Tiling& s, int64_t number)
      : image(number / s.each()),
        y(number % s.each() / s.along() * OUT),
        x(number % s.along() * OUT) {}
};

// Numbers of [36 places][tiles][channels]. A place is no multiple of a page away from the next:
// else all 36 of a tile would fall on the same lines of the cache.
template <typename T>
struct Places {
  Lines<T> numbers;
  int64_t channels;
  explicit Places(int64_t wide)
      : numbers(PLACES * (TILES * wide + 64 / int64_t(sizeof(T)))), channels(wide) {}
  int64_t step() const { return TILES * channels + 64 / int64_t(sizeof(T)); }
  T* at(int64_t place, int64_t tile) { return numbers.data() + place * step() + tile * channels; }
};

// The rows and columns of a window of `size` at (y, x) that lie in the image.
struct Inside {
  int64_t top, bottom, left, right;
  Inside(const Tiling& s, int64_t y, int64_t x, int64_t size)
      : top(std::max<int64_t>(0, -y)),
        bottom(std::min(size, s.height - y)),
        left(std::max<int64_t>(0, -x)),
        right(std::min(size, s.width - x)) {}
  bool whole(int64_t size) const {
    return top == 0 && left == 0 && bottom == size && right == size;
  }
};

// places = B^T x B of some tiles. `window`: room for 6x6 pixels.
template <typename T>
void to_places(const T* x, const Tiling& s, int64_t C, int64_t first, int64_t many, T* window,
               Places<T>& places) {
  for (int64_t t = 0; t < many; ++t) {
    const Tile tile(s, first + t);
    const int64_t y = tile.y - 1, left = tile.x - 1;
    const T* from = x + ((tile.image * s.height + y) * s.width + left) * C;
    int64_t line = s.width * C;
    const Inside in(s, y, left, IN);
    if (!in.whole(IN)) {
      std::fill(window, window + PLACES * C, T(0));
      for (int64_t i = in.top; i < in.bottom; ++i)
        std::memcpy(window + (i * IN + in.left) * C, from + i * line + in.left * C,
                    (in.right - in.left) * C * sizeof(T));
      from = window;
      line = IN * C;
    }
    T* to = places.at(0, t);
    const int64_t step = places.step();
    by_halves<T>(C, [&](int64_t c, auto block) {
      using V = decltype(block);
      both_ways<IN, IN, IN, IN, V>(
          [&](int64_t i, int64_t j) INLINE { return load<V>(from + i * line + j * C + c); },
          [](const V(&a)[IN], V(&b)[IN]) INLINE { input_row(a, b); },
          [](const V(&a)[IN], V(&b)[IN]) INLINE { input_row(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE { store(to + (i * IN + j) * step + c, value); });
    });
  }
}

// sums of `many` tiles and some columns: body(t, Count<tiles>, c, Count<vectors>, block)
template <typename T, typename Body>
inline void by_corners(int64_t many, int64_t C, Body body) {
  constexpr int64_t W = WIDTH<T>, ROOM = REGISTERS > 16 ? 24 : 12;  // sums that stay in registers
  auto rows = [&](int64_t c, auto vectors, auto block) {
    constexpr int64_t P = ROOM / decltype(vectors)::value;
    int64_t t = 0;
    for (; t + P <= many; t += P) body(t, Count<P>(), c, vectors, block);
    for (; t + P / 4 <= many; t += P / 4) body(t, Count<P / 4>(), c, vectors, block);
    for (; t < many; ++t) body(t, Count<1>(), c, vectors, block);
  };
  using V = typename Block<T, W>::type;
  int64_t c = 0;
  for (; c + 3 * W <= C && c + 4 * W != C; c += 3 * W) rows(c, Count<3>(), V());
  for (; c + 2 * W <= C; c += 2 * W) rows(c, Count<2>(), V());
  by_halves<T>(C, [&](int64_t at, auto block) { rows(at, Count<1>(), block); }, c);
}

// out [rows, C] (+)= in times weights [count, C], whose rows are `stride` apart. Of `in`, the rows are
// `across` apart and what is summed over is `along` apart.
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

// U [36, C out, C in] = G k G^T of kernels [C out, 3, 3, C in]
template <typename T>
void kernel_places(const T* kernel, T* U, int64_t outputs, int64_t inputs) {
  for (int64_t o = 0; o < outputs; ++o)
    by_halves<T>(inputs, [&](int64_t c, auto block) {
      using V = decltype(block);
      both_ways<3, 3, IN, IN, V>(
          [&](int64_t i, int64_t j) INLINE {
            return load<V>(kernel + ((o * 3 + i) * 3 + j) * inputs + c);
          },
          [](const V(&a)[3], V(&b)[IN]) INLINE { kernel_row<T>(a, b); },
          [](const V(&a)[3], V(&b)[IN]) INLINE { kernel_row<T>(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE {
            store(U + ((i * IN + j) * outputs + o) * inputs + c, value);
          });
    });
}

// y = A^T M A of some tiles, and of C channels; what the sums [2, COLUMNS] of y - pivot and of its
// square are over, which is returned. The pivot is a pixel of the first tile.
template <typename T>
double from_places(Places<T>& places, const Tiling& s, int64_t first, int64_t many, int64_t C, T* y,
                   int64_t wide, Lines<T>& pivot, Lines<T>& sums) {
  const int64_t step = places.step(), line = s.width * wide;
  std::fill(sums.data(), sums.data() + 2 * COLUMNS, T(0));
  int64_t count = 0;
  for (int64_t t = 0; t < many; ++t) {
    const Tile tile(s, first + t);
    const Inside in(s, tile.y, tile.x, OUT);
    count += in.bottom * in.right;
    T* to = y + ((tile.image * s.height + tile.y) * s.width + tile.x) * wide;
    const T* from = places.at(0, t);
    by_halves<T>(C, [&](int64_t c, auto block) {
      using V = decltype(block);
      V centre = load<V>(pivot.data() + c), sum{}, square{};
      both_ways<IN, IN, OUT, OUT, V>(
          [&](int64_t i, int64_t j) INLINE { return load<V>(from + (i * IN + j) * step + c); },
          [](const V(&a)[IN], V(&b)[OUT]) INLINE { output_row(a, b); },
          [](const V(&a)[IN], V(&b)[OUT]) INLINE { output_row(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE {
            if (i >= in.bottom || j >= in.right) return;
            if (t == 0 && i == 0 && j == 0) store(pivot.data() + c, centre = value);
            store(to + i * line + j * wide + c, value);
            value -= centre;
            sum += value;
            square += value * value;
          });
      store(sums.data() + c, load<V>(sums.data() + c) + sum);
      store(sums.data() + COLUMNS + c, load<V>(sums.data() + COLUMNS + c) + square);
    });
  }
  return double(count);
}

// dx += B dV B^T of some tiles: they overlap.
template <typename T>
void add_from_places(Places<T>& places, const Tiling& s, int64_t first, int64_t many, int64_t C,
                     T* dx) {
  const int64_t step = places.step(), line = s.width * C;
  for (int64_t t = 0; t < many; ++t) {
    const Tile tile(s, first + t);
    const Inside in(s, tile.y - 1, tile.x - 1, IN);
    T* to = dx + ((tile.image * s.height + tile.y - 1) * s.width + tile.x - 1) * C;
    const T* from = places.at(0, t);
    by_halves<T>(C, [&](int64_t c, auto block) {
      using V = decltype(block);
      both_ways<IN, IN, IN, IN, V>(
          [&](int64_t i, int64_t j) INLINE { return load<V>(from + (i * IN + j) * step + c); },
          [](const V(&a)[IN], V(&b)[IN]) INLINE { input_row_back(a, b); },
          [](const V(&a)[IN], V(&b)[IN]) INLINE { input_row_back(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE {
            if (i < in.top || i >= in.bottom || j < in.left || j >= in.right) return;
            T* at = to + i * line + j * C + c;
            store(at, load<V>(at) + value);
          });
    });
  }
}

// kernels' gradients [C out, 3, 3, C in], as doubles, = G^T dU G
template <typename T>
void kernel_from_places(const T* dU, double* out, int64_t outputs, int64_t inputs) {
  for (int64_t o = 0; o < outputs; ++o)
    by_halves<T>(inputs, [&](int64_t c, auto block) {
      using V = decltype(block);
      both_ways<IN, IN, 3, 3, V>(
          [&](int64_t i, int64_t j) INLINE {
            return load<V>(dU + ((i * IN + j) * outputs + o) * inputs + c);
          },
          [](const V(&a)[IN], V(&b)[3]) INLINE { kernel_row_back<T>(a, b); },
          [](const V(&a)[IN], V(&b)[3]) INLINE { kernel_row_back<T>(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE {
            double* to = out + ((o * 3 + i) * 3 + j) * inputs + c;
            for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) to[v] = double(value[v]);
          });
    });
}

// y = the convolution of x; mean and biased variance [C out] of y's channels.
template <typename T>
void winograd(const T* x, const T* kernel, T* y, T* mean, T* variance, const Tiling& s, int64_t inputs,
              int64_t outputs, int threads) {
  Lines<T> turned(PLACES * outputs * inputs), U(PLACES * outputs * inputs);
  kernel_places(kernel, turned.data(), outputs, inputs);
  for (int64_t p = 0; p < PLACES; ++p)
    for (int64_t o = 0; o < outputs; ++o)
      for (int64_t i = 0; i < inputs; ++i)
        U[(p * inputs + i) * outputs + o] = turned[(p * outputs + o) * inputs + i];
  const int64_t all = s.images * s.each(), groups = (all + TILES - 1) / TILES;
  std::vector<double> parts(groups * 2 * outputs);
#pragma omp parallel num_threads(threads)
  {
    Places<T> V(inputs), M(std::min(outputs, COLUMNS));
    Lines<T> window(PLACES * inputs), sums(2 * COLUMNS), pivot(COLUMNS);
#pragma omp for schedule(static)
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t first = group * TILES, many = std::min(TILES, all - first);
      to_places(x, s, inputs, first, many, window.data(), V);
      for (int64_t begin = 0; begin < outputs; begin += COLUMNS) {
        const int64_t C = std::min(COLUMNS, outputs - begin);
        for (int64_t p = 0; p < PLACES; ++p)
          product<false>(V.at(p, 0), V.channels, 1, inputs, U.data() + p * inputs * outputs + begin,
                         outputs, M.at(p, 0), M.channels, many, C);
        const double count = from_places(M, s, first, many, C, y + begin, outputs, pivot, sums);
        double* part = parts.data() + group * 2 * outputs + begin;
        for (int64_t c = 0; c < C; ++c) {
          const double at = double(pivot[c]), offset = double(sums[c]);
          part[c] = offset + count * at;
          part[outputs + c] = double(sums[COLUMNS + c]) + at * (2 * offset + count * at);
        }
      }
    }
  }
  const double count = double(s.images * s.height * s.width);
  for (int64_t c = 0; c < outputs; ++c) {
    double sum = 0, square = 0;
    for (int64_t group = 0; group < groups; ++group) {
      sum += parts[group * 2 * outputs + c];
      square += parts[(group * 2 + 1) * outputs + c];
    }
    const double centre = sum / count, spread = square / count - centre * centre;
    mean[c] = T(centre);
    variance[c] = T(spread < 0 ? 0 : spread);
  }
}

// The gradient of the convolution's output, as the batch norm behind it gives it: of edge e
// gain*g_e + slope*y + rest, a channel each.
template <typename T>
struct NormGradient {
  const T* const* grads;  // [B, H, W, C] each
  const T* y;             // [B, H, W, E*C]
  const T *gain, *slope, *rest;
  int64_t channels, edges;
};

// places = A dY A^T of some tiles and of C output channels from `begin` on.
template <typename T>
void gradient_to_places(const NormGradient<T>& of, const Tiling& s, int64_t first, int64_t many,
                        int64_t begin, int64_t C, Places<T>& places) {
  const int64_t each = of.channels, all = each * of.edges, step = places.step();
  for (int64_t t = 0; t < many; ++t) {
    const Tile tile(s, first + t);
    const Inside in(s, tile.y, tile.x, OUT);
    const int64_t pixel = (tile.image * s.height + tile.y) * s.width + tile.x;
    T* to = places.at(0, t);
    auto channels = [&](int64_t c, auto block) {
      using V = decltype(block);
      const int64_t e = (begin + c) / each, within = (begin + c) % each;
      const V gain = load<V>(of.gain + begin + c), slope = load<V>(of.slope + begin + c);
      const V rest = load<V>(of.rest + begin + c);
      const T *g = of.grads[e] + pixel * each + within, *y = of.y + pixel * all + begin + c;
      both_ways<OUT, OUT, IN, IN, V>(
          [&](int64_t i, int64_t j) INLINE {
            if (i >= in.bottom || j >= in.right) return V{};
            const int64_t n = i * s.width + j;
            return gain * load<V>(g + n * each) + slope * load<V>(y + n * all) + rest;
          },
          [](const V(&a)[OUT], V(&b)[IN]) INLINE { output_row_back(a, b); },
          [](const V(&a)[OUT], V(&b)[IN]) INLINE { output_row_back(a, b); },
          [&](int64_t i, int64_t j, V value) INLINE { store(to + (i * IN + j) * step + c, value); });
    };
    // By edges, so that no block of channels lies in two of them.
    for (int64_t c = 0; c < C;) {
      const int64_t end = std::min(C, (begin + c) / each * each + each - begin);
      by_halves<T>(end, channels, c);
      c = end;
    }
  }
}

// Gradients of x and of the kernels, each only where it is not null.
template <typename T>
void winograd_backward(const NormGradient<T>& of, const T* x, const T* kernel, T* dx, T* dkernel,
                       const Tiling& s, int threads) {
  const int64_t inputs = of.channels, outputs = of.channels * of.edges;
  const int64_t size = outputs * inputs, image = s.height * s.width * inputs;
  Lines<T> U(PLACES * size);  // [36, C out, C in]
  if (dx) kernel_places(kernel, U.data(), outputs, inputs);
  const int64_t most = s.each() < 16 ? 8 : 16, pieces = std::min(s.images, most);
  std::vector<double> parts(dkernel ? pieces * 9 * size : 0);
#pragma omp parallel num_threads(threads)
  {
    Places<T> D(std::min(outputs, COLUMNS)), V(inputs), dV(inputs);
    Lines<T> window(PLACES * inputs), dU(dkernel ? PLACES * size : 0);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      const int64_t from = piece * s.images / pieces, to = (piece + 1) * s.images / pieces;
      if (dx) std::fill(dx + from * image, dx + to * image, T(0));
      std::fill(dU.data(), dU.data() + (dkernel ? PLACES * size : 0), T(0));
      for (int64_t first = from * s.each(); first < to * s.each(); first += TILES) {
        const int64_t many = std::min(TILES, to * s.each() - first);
        if (dkernel) to_places(x, s, inputs, first, many, window.data(), V);
        for (int64_t begin = 0; begin < outputs; begin += COLUMNS) {
          const int64_t C = std::min(COLUMNS, outputs - begin);
          gradient_to_places(of, s, first, many, begin, C, D);
          for (int64_t p = 0; p < PLACES; ++p) {
            const int64_t at = (p * outputs + begin) * inputs;
            if (dkernel)
              product<true>(D.at(p, 0), 1, D.channels, many, V.at(p, 0), inputs, dU.data() + at,
                            inputs, C, inputs);
            if (dx && begin == 0)
              product<false>(D.at(p, 0), D.channels, 1, C, U.data() + at, inputs, dV.at(p, 0),
                             inputs, many, inputs);
            if (dx && begin > 0)
              product<true>(D.at(p, 0), D.channels, 1, C, U.data() + at, inputs, dV.at(p, 0),
                            inputs, many, inputs);
          }
        }
        if (dx) add_from_places(dV, s, first, many, inputs, dx);
      }
      if (dkernel) kernel_from_places(dU.data(), parts.data() + piece * 9 * size, outputs, inputs);
    }
  }
  if (dkernel) add_up(parts, pieces, 9 * size, dkernel);
}
