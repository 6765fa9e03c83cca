// 3x3 convolutions of stride 1, padded by one pixel, with a quarter of the multiplications:
// Winograd's minimal filtering F(4x4, 3x3) (Lavin & Gray, "Fast Algorithms for Convolutional Neural
// Networks", CVPR 2016), with both its adjoints for the backward pass.
//
// An output tile of 4x4 pixels is made of an input tile of 6x6. Both, and the kernel, are transformed
// to 36 places; at each place the convolution is a matrix product over channels:
//
//     forward    Y = A^T [ (G k G^T) * (B^T x B) ] A
//     backward   D = A dY A^T,  dx += B [ D * (G k G^T) ] B^T,  dk = G^T [ D * (B^T x B) ] G
//
// so the gradients are those of the function that is computed, and their tiles are transformed once
// for both. Tensors are channels-last, [B, H, W, C]; kernels [C out, 3, 3, C in]. Called by
// naslib_edd/supernet/native/convolutions.py, whose slow twin is PyTorch's convolution.

#pragma once

#include <algorithm>

#include "products.h"
#include "transforms.h"

// Tiles and output channels at once: what they are transformed to stays in the second-level cache.
constexpr int64_t TILES = 24, COLUMNS = 48;

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
  int64_t channels;
  Lines<T> numbers;
  explicit Places(int64_t wide) : channels(wide), numbers(PLACES * step()) {}
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
          [&](int64_t i, int64_t j, V value) INLINE {
            store(to + (i * IN + j) * step + c, value);
          });
    });
  }
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
void winograd(const T* x, const T* kernel, T* y, T* mean, T* variance, const Tiling& s,
              int64_t inputs, int64_t outputs, int threads) {
  Lines<T> turned(PLACES * outputs * inputs), U(PLACES * outputs * inputs);
  kernel_places(kernel, turned.data(), outputs, inputs);
  for (int64_t p = 0, size = outputs * inputs; p < PLACES; ++p)
    turn(turned.data() + p * size, U.data() + p * size, outputs, inputs);
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
  moments_of(parts, groups, count, outputs, mean, variance);
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
          [&](int64_t i, int64_t j, V value) INLINE {
            store(to + (i * IN + j) * step + c, value);
          });
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
  // Few, as each begins its sums dU anew; how many depends on the shape alone.
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
