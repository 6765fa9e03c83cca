// `skip_connect` where an edge halves the image: two 1x1 convolutions of every second pixel of
// ReLU(x), the second one pixel further down and to the right. See separable.h.

#pragma once

#include "separable.h"

// Where the one convolution's channels end and the other's begin.
struct Halving {
  int64_t images, height, width, channels;  // of x
  int64_t half() const { return channels / 2; }
  int64_t out_height() const { return (height + 1) / 2; }
  int64_t out_width() const { return (width + 1) / 2; }
  int64_t out_pixels() const { return out_height() * out_width(); }
};

// Every second pixel of ReLU(x), from row and column `first` on; zeros where there is none.
template <typename T>
void every_second(const T* x, int64_t first, T* to, const Halving& h) {
  const int64_t C = h.channels;
  for (int64_t y = first; y < first + 2 * h.out_height(); y += 2)
    for (int64_t v = first; v < first + 2 * h.out_width(); v += 2, to += C) {
      const bool inside = y < h.height && v < h.width;
      for (int64_t c = 0; c < C; ++c)
        to[c] = inside ? rectified_of(x[(y * h.width + v) * C + c]) : T(0);
    }
}

// Of both kernels [C out / 2, C in] a matrix of all C outputs each, zeros where the other's are;
// [C in, C out], or the other way round.
template <typename T>
void both_kernels(const T* first, const T* second, bool by_input, T* to_first, T* to_second,
                  int64_t C) {
  const int64_t half = C / 2;
  for (int64_t o = 0; o < C; ++o)
    for (int64_t i = 0; i < C; ++i) {
      const int64_t at = by_input ? i * C + o : o * C + i;
      to_first[at] = o < half ? first[o * C + i] : T(0);
      to_second[at] = o < half ? T(0) : second[(o - half) * C + i];
    }
}

// z [B, out pixels, C], and its channels' mean and biased variance [2, C].
template <typename T>
void reduce(const T* x, const T* first, const T* second, T* z, double* statistics,
            const Halving& h, int threads) {
  const int64_t C = h.channels, size = h.height * h.width * C, out_size = h.out_pixels() * C;
  const int64_t pieces = stretches(h.images, 2 * C);
  std::vector<double> parts(pieces * 2 * C);
  Lines<T> of_first(C * C), of_second(C * C);
  both_kernels(first, second, true, of_first.data(), of_second.data(), C);
#pragma omp parallel num_threads(threads)
  {
    Lines<T> places(out_size);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece)
      for (int64_t n = piece * h.images / pieces; n < (piece + 1) * h.images / pieces; ++n) {
        T* out = z + n * out_size;
        every_second(x + n * size, 0, places.data(), h);
        mix_of(C, places.data(), of_first.data(), h.out_pixels(), Store<T>{out, C});
        every_second(x + n * size, 1, places.data(), h);
        mix_of(C, places.data(), of_second.data(), h.out_pixels(), Add<T>{out, C});
        squares(out, h.out_pixels(), C, parts.data() + piece * 2 * C);
      }
  }
  std::vector<double> sums(2 * C);
  add_up(parts, pieces, 2 * C, sums.data());
  mean_and_variance(sums.data(), double(h.images * h.out_pixels()), C, statistics);
}

// Backward of `reduce` and of the norm behind it: z has the gradient slope*g + along*z + constant, a
// channel each. The gradient of ReLU(x) is added to `behind`. of_kernels [C, C], those of the first
// kernel's outputs and then the second's, may be null.
template <typename T>
void reduce_backward(const T* g, const T* z, const T* slope, const T* along, const T* constant,
                     const T* x, const T* first, const T* second, T* behind, double* of_kernels,
                     const Halving& h, int threads) {
  const int64_t C = h.channels, size = h.height * h.width * C, out_size = h.out_pixels() * C;
  const int64_t count = of_kernels ? 2 * C * C : 0, pieces = stretches(h.images, 2 * C * C);
  std::vector<double> parts(pieces * count);
  Lines<T> of_first(C * C), of_second(C * C);
  both_kernels(first, second, false, of_first.data(), of_second.data(), C);
#pragma omp parallel num_threads(threads)
  {
    Lines<T> dz(out_size), places(out_size);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece)
      for (int64_t n = piece * h.images / pieces; n < (piece + 1) * h.images / pieces; ++n) {
        backward_of_norm(g + n * out_size, z + n * out_size, slope, along, constant, dz.data(),
                         out_size, C);
        for (int64_t one = 0; one < 2; ++one) {
          const T* kernel = one ? of_second.data() : of_first.data();
          for (int64_t y = 0; 2 * y + one < h.height; ++y) {
            T* to = behind + n * size + ((2 * y + one) * h.width + one) * C;
            mix_of(C, dz.data() + y * h.out_width() * C, kernel, (h.width + 1 - one) / 2,
                   Add<T>{to, 2 * C});
          }
          if (!of_kernels) continue;
          every_second(x + n * size, one, places.data(), h);
          outer_of_all(dz.data(), places.data(), h.out_pixels(), C,
                       parts.data() + piece * count + one * C * C);
        }
      }
  }
  if (!of_kernels) return;
  std::vector<double> found(count);
  add_up(parts, pieces, count, found.data());
  for (int64_t i = 0; i < C * C; ++i)
    of_kernels[i] = found[i < h.half() * C ? i : C * C + i];
}
