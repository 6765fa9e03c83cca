// 1x1 convolutions of a sampled path, with the moments of what they give and the backward pass of
// the batch norm behind them. Tensors are channels-last, kernels [C out, C in]. Called by
// naslib_edd/supernet/native/convolutions.py, whose slow twin is PyTorch's convolution.

#pragma once

#include "separable.h"
#include "winograd.h"

constexpr int64_t PIXELS = 64;  // at once: they and what comes of them stay in the nearest cache

// y = the convolution of x; mean and biased variance [C out] of y's channels.
template <typename T>
void pointwise(const T* x, const T* kernel, T* y, T* mean, T* variance, const Tiling& s,
               int64_t inputs, int64_t outputs, int threads) {
  Lines<T> turned(inputs * outputs);
  turn(kernel, turned.data(), outputs, inputs);
  const int64_t pixels = s.height * s.width, pieces = stretches(s.images, 2 * outputs);
  std::vector<double> parts(pieces * 2 * outputs);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    const int64_t last = (piece + 1) * s.images / pieces * pixels;
    for (int64_t begin = piece * s.images / pieces * pixels; begin < last; begin += PIXELS) {
      const int64_t many = std::min(PIXELS, last - begin);
      T* to = y + begin * outputs;
      product<false>(x + begin * inputs, inputs, 1, inputs, turned.data(), outputs, to, outputs,
                     many, outputs);
      squares(to, many, outputs, parts.data() + piece * 2 * outputs);
    }
  }
  moments_of(parts, pieces, double(s.images * pixels), outputs, mean, variance);
}

// Gradients of x and of the kernels, each only where it is not null.
template <typename T>
void pointwise_backward(const NormGradient<T>& of, const T* x, const T* kernel, T* dx, T* dkernel,
                        const Tiling& s, int threads) {
  const int64_t inputs = of.channels, outputs = of.channels * of.edges, size = inputs * outputs;
  const int64_t pixels = s.height * s.width, pieces = stretches(s.images, size);
  std::vector<double> parts(dkernel ? pieces * size : 0);
#pragma omp parallel num_threads(threads)
  {
    Lines<T> dy(PIXELS * outputs), sum(dkernel ? size : 0);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece)
      for (int64_t n = piece * s.images / pieces; n < (piece + 1) * s.images / pieces; ++n) {
        if (dkernel) std::fill(sum.data(), sum.data() + size, T(0));
        for (int64_t begin = n * pixels; begin < (n + 1) * pixels; begin += PIXELS) {
          const int64_t many = std::min(PIXELS, (n + 1) * pixels - begin);
          for (int64_t e = 0; e < of.edges; ++e)
            by_halves<T>(inputs, [&](int64_t c, auto block) {
              using V = decltype(block);
              const int64_t at = e * inputs + c;
              const V gain = load<V>(of.gain + at), slope = load<V>(of.slope + at);
              const V rest = load<V>(of.rest + at);
              const T *g = of.grads[e] + begin * inputs + c, *y = of.y + begin * outputs + at;
              for (int64_t p = 0; p < many; ++p)
                store(dy.data() + p * outputs + at,
                      gain * load<V>(g + p * inputs) + slope * load<V>(y + p * outputs) + rest);
            });
          if (dx)
            product<false>(dy.data(), outputs, 1, outputs, kernel, inputs, dx + begin * inputs,
                           inputs, many, inputs);
          if (dkernel)
            product<true>(dy.data(), 1, outputs, many, x + begin * inputs, inputs, sum.data(),
                          inputs, outputs, inputs);
        }
        for (int64_t i = 0; dkernel && i < size; ++i) parts[piece * size + i] += double(sum[i]);
      }
  }
  if (dkernel) add_up(parts, pieces, size, dkernel);
}
