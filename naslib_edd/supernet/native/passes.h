// Passes over images in channels-last memory, [B, H, W, C], that PyTorch would make one by one.
//
// Called by naslib_edd/spaces/nb201/fused_native.py; naslib_edd/spaces/nb201/fused.py has the slow twin of
// each. A node has E edges: batched tensors are [B, H, W, E*C], a tensor of one edge is
// [B, H, W, C]. A sum runs over at most a thousand pixels in T, and beyond that in double.

#pragma once

#include <initializer_list>

#include "blocks.h"

// out[w] = scale * (in[w-1] + in[w] + in[w+1]) over a row of pixels of C channels.
template <typename T>
void across(const T* __restrict in, T* __restrict out, T scale, int64_t width, int64_t C) {
  const int64_t last = (width - 1) * C;
  if (width == 1) {
    for (int64_t i = 0; i < C; ++i) out[i] = scale * in[i];
    return;
  }
  for (int64_t i = 0; i < C; ++i) out[i] = scale * (in[i] + in[i + C]);
  for (int64_t i = C; i < last; ++i) out[i] = scale * (in[i - C] + in[i] + in[i + C]);
  for (int64_t i = last; i < last + C; ++i) out[i] = scale * (in[i - C] + in[i]);
}

// row *= 1 / how many pixels a window of three across has inside: 2 at both ends, 3 elsewhere.
template <typename T>
void share(T* row, int64_t width, int64_t C) {
  const T inner = T(1) / 3, outer = T(1) / reach(0, width);
  const int64_t last = (width - 1) * C;
  for (int64_t i = 0; i < C; ++i) row[i] *= outer;
  for (int64_t i = C; i < last; ++i) row[i] *= inner;
  for (int64_t i = last; i < last + C && width > 1; ++i) row[i] *= outer;
}

// spare = the sum of those of the rows y-1, y, y+1 that there are; rows(y) says where one begins.
template <typename T, typename Rows>
void down(Rows rows, int64_t y, int64_t height, T* __restrict spare, int64_t row) {
  const T* here = rows(y);
  const T* above = y > 0 ? rows(y - 1) : nullptr;
  const T* below = y + 1 < height ? rows(y + 1) : nullptr;
  if (above && below)
    for (int64_t i = 0; i < row; ++i) spare[i] = above[i] + here[i] + below[i];
  else if (const T* other = above ? above : below)
    for (int64_t i = 0; i < row; ++i) spare[i] = here[i] + other[i];
  else
    for (int64_t i = 0; i < row; ++i) spare[i] = here[i];
}

// Row y of the 3x3 average pool of an image, the padding not counted; `spare` holds a row.
template <typename T>
void pool_row(const T* image, int64_t y, const Shape& s, T* out, T* spare) {
  down([&](int64_t other) { return image + other * s.row(); }, y, s.height, spare, s.row());
  across(spare, out, T(1) / reach(y, s.height), s.width, s.channels);
  share(out, s.width, s.channels);
}

// The pool of whole images.
template <typename T>
void average_pool(const T* x, T* out, Shape s, int threads) {
  const int64_t row = s.row();
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> spare(row);
#pragma omp for schedule(static)
    for (int64_t b = 0; b < s.images; ++b)
      for (int64_t y = 0; y < s.height; ++y)
        pool_row(x + b * s.image(), y, s, out + b * s.image() + y * row, spare.data());
  }
}

// Its backward pass: what each window hands on, to all pixels that it has inside.
template <typename T>
void average_pool_backward(const T* g, T* out, Shape s, int threads) {
  const int64_t row = s.row();
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> ring(3 * row), spare(row);
#pragma omp for schedule(static)
    for (int64_t b = 0; b < s.images; ++b) {
      auto at = [&](int64_t y) { return ring.data() + (y % 3) * row; };
      auto shares = [&](int64_t y) {
        const T* from = g + b * s.image() + y * row;
        T* to = at(y);
        const T rows = T(1) / reach(y, s.height);
        for (int64_t i = 0; i < row; ++i) to[i] = rows * from[i];
        share(to, s.width, s.channels);
      };
      shares(0);
      for (int64_t y = 0; y < s.height; ++y) {
        if (y + 1 < s.height) shares(y + 1);
        down(at, y, s.height, spare.data(), row);
        across(spare.data(), out + b * s.image() + y * row, T(1), s.width, s.channels);
      }
    }
  }
}

// Mean and biased variance of each channel of x [images, pixels, C].
template <typename T, typename Y>
void moments(const Y* x, T* mean, T* variance, int64_t images, int64_t pixels, int64_t C,
             int threads) {
  const int64_t pieces = stretches(images, 2 * C);
  std::vector<double> parts(2 * pieces * C);
  const Shape one{1, 1, 1, C, 1};
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    double *sums = parts.data() + 2 * piece * C, *squares = sums + C;
    const int64_t from = piece * images / pieces * pixels;
    const int64_t to = (piece + 1) * images / pieces * pixels;
    for (int64_t begin = from; begin < to; begin += 32) {
      const int64_t end = begin + 32 < to ? begin + 32 : to;
      by_blocks<T>(one, [&](int64_t, int64_t c, auto, auto block) {
        using V = decltype(block);
        const V first = load<V>(x + c);  // about the first pixel: no digits are lost to the mean
        V sum{}, square{};
        for (int64_t n = begin; n < end; ++n) {
          const V value = load<V>(x + n * C + c) - first;
          sum += value;
          square += value * value;
        }
        for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v)
          sums[c + v] += sum[v], squares[c + v] += square[v];
      });
    }
  }
  std::vector<double> total(2 * C);
  add_up(parts, pieces, 2 * C, total.data());
  const double n = double(images) * double(pixels);
  for (int64_t c = 0; c < C; ++c) {
    const double offset = total[c] / n;
    const double spread = total[C + c] / n - offset * offset;
    mean[c] = T(double(wide(x[c])) + offset);
    variance[c] = T(spread < 0 ? 0 : spread);
  }
}

// r = ReLU(h) of [images, pixels, C], the mean of r's channels, and their biased covariance [C, C];
// unless null, r once more, in half precision.
template <typename T>
void rectify(const T* h, T* r, BFloat16* half, T* mean, T* covariance, int64_t images,
             int64_t pixels, int64_t C, int threads) {
  const int64_t count = C + C * C, pieces = stretches(images, count);
  std::vector<double> parts(pieces * count);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t piece = 0; piece < pieces; ++piece) {
    double* part = parts.data() + piece * count;
    for (int64_t b = piece * images / pieces; b < (piece + 1) * images / pieces; ++b) {
      const int64_t start = b * pixels * C;
      for (int64_t begin = 0; begin < pixels; begin += 32) {
        const int64_t end = begin + 32 < pixels ? begin + 32 : pixels;
        const T* __restrict from = h + start;
        T* __restrict to = r + start;
        for (int64_t i = begin * C; i < end * C; ++i) to[i] = rectified_of(from[i]);
        if (half)
          for (int64_t i = begin * C; i < end * C; ++i) half[start + i] = narrow(float(to[i]));
        by_blocks<T>({1, 1, 1, C, 1}, [&](int64_t, int64_t c, auto, auto block) {
          using V = decltype(block);
          V sum{};
          for (int64_t n = begin; n < end; ++n) sum += load<V>(to + n * C + c);
          for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) part[c + v] += sum[v];
        });
      }
      outer<false>(r + start, r + start, pixels, C, part + C);  // while the image is in the cache
    }
  }
  std::vector<double> total(count);
  add_up(parts, pieces, count, total.data());
  const double n = double(images) * double(pixels);
  for (int64_t i = 0; i < C; ++i) {
    mean[i] = T(total[i] / n);
    for (int64_t j = 0; j < C; ++j)
      covariance[i * C + j] = T(total[C + i * C + j] / n - total[i] / n * (total[j] / n));
  }
}

// totals_e = before_e + scale*y3_e + shift + pointwise_e*ReLU(h) + skip_e*h + pool_e*average_pool(h),
// the 1x1 convolutions of all edges as [C, E*C].
template <typename T, typename Y>
void forward(const T* h, const T* pointwise, const Y* y3, const T* scale, const T* shift,
             const T* skip, const T* pool, const T* const* before, T* const* totals, Shape s,
             int threads) {
  const int64_t C = s.channels, EC = s.batched(), row = s.row();
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> pooled(row), spare(row), positive(row);
#pragma omp for schedule(static)
    for (int64_t b = 0; b < s.images; ++b)
      for (int64_t y = 0; y < s.height; ++y) {
        const int64_t start = b * s.image() + y * row;
        pool_row(h + b * s.image(), y, s, pooled.data(), spare.data());
        for (int64_t i = 0; i < row; ++i) positive[i] = rectified_of(h[start + i]);
        by_blocks<T>(s, [&](int64_t e, int64_t c, auto edges, auto block) {
          using V = decltype(block);
          constexpr int64_t E = decltype(edges)::value;
          V gain[E], offset[E];
          for (int64_t k = 0; k < E; ++k) {
            gain[k] = load<V>(scale + (e + k) * C + c);
            offset[k] = load<V>(shift + (e + k) * C + c);
          }
          // A function of its own: inside a larger one the compiler runs out of registers.
          by_pixels<pixels_of(E)>(s.width, [&](int64_t first, auto pixels) __attribute__((noinline)) {
            constexpr int64_t P = decltype(pixels)::value;
            V sum[E][P];
            for (int64_t k = 0; k < E; ++k)
              for (int64_t p = 0; p < P; ++p) sum[k][p] = offset[k];
            multiply(positive.data() + first * C, C, pointwise + e * C + c, EC, C, sum);
            for (int64_t p = 0; p < P; ++p) {
              const int64_t w = first + p, i = start + w * C + c;
              const int64_t j = (start / C + w) * EC + e * C + c;
              const V value = load<V>(h + i), mean = load<V>(pooled.data() + w * C + c);
              for (int64_t k = 0; k < E; ++k) {
                sum[k][p] += gain[k] * load<V>(y3 + j + k * C) + skip[e + k] * value +
                             pool[e + k] * mean;
                if (before[e + k]) sum[k][p] += load<V>(before[e + k] + i);
                store(totals[e + k] + i, sum[k][p]);
              }
            }
          });
        });
      }
  }
}

// What the backward pass needs of sums: total = sum g; along = sum g*(y3 - mean); products_e =
// sum g_e*ReLU(h)^T, [C, C]; skip_e = <h, g_e>; pool_e = <average_pool(h), g_e>, both unless null.
template <typename T, typename Y>
void sums(const T* const* grads, const Y* y3, const T* h, const T* mean, T* total, T* along,
          T* products, T* skip, T* pool, Shape s, int threads) {
  const int64_t C = s.channels, EC = s.batched(), row = s.row();
  const int64_t passes = 2 * EC + EC * C, count = passes + 2 * s.edges;
  const int64_t pieces = stretches(s.images, count);
  std::vector<double> parts(pieces * count);
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> pooled(row), spare(row);
#pragma omp for schedule(static)
    for (int64_t piece = 0; piece < pieces; ++piece) {
      double* part = parts.data() + piece * count;
      for (int64_t b = piece * s.images / pieces; b < (piece + 1) * s.images / pieces; ++b) {
        for (int64_t y = 0; y < s.height; ++y) {
          const int64_t start = b * s.image() + y * row;
          if (skip) pool_row(h + b * s.image(), y, s, pooled.data(), spare.data());
          auto line = [&](auto passing) {
            constexpr bool PASSES = decltype(passing)::value;
            by_blocks<T>(s, [&](int64_t e, int64_t c, auto edges, auto block) {
              using V = decltype(block);
              constexpr int64_t E = decltype(edges)::value;
              V centre[E], sum[E] = {}, product[E] = {}, first[E] = {}, second[E] = {};
              for (int64_t k = 0; k < E; ++k) centre[k] = load<V>(mean + (e + k) * C + c);
              for (int64_t w = 0; w < s.width; ++w) {
                const int64_t i = start + w * C + c, j = (start / C + w) * EC + e * C + c;
                V value{}, near{};
                if (PASSES) value = load<V>(h + i), near = load<V>(pooled.data() + w * C + c);
                for (int64_t k = 0; k < E; ++k) {
                  const V g = load<V>(grads[e + k] + i);
                  sum[k] += g;
                  V term = g * (load<V>(y3 + j + k * C) - centre[k]);
                  if (E % 2 == 1 && k == 0) rounded(term);
                  product[k] += term;
                  if (PASSES) {
                    first[k] += g * value;
                    second[k] += g * near;
                  }
                }
              }
              for (int64_t k = 0; k < E; ++k)
                for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) {
                  part[(e + k) * C + c + v] += sum[k][v];
                  part[EC + (e + k) * C + c + v] += product[k][v];
                  if (PASSES) {
                    part[passes + e + k] += first[k][v];
                    part[passes + s.edges + e + k] += second[k][v];
                  }
                }
            });
          };
          if (skip)
            line(std::true_type());
          else
            line(std::false_type());
        }
        const int64_t start = b * s.image();  // and while the image is in the cache:
        for (int64_t e = 0; e < s.edges; ++e)
          outer<true>(grads[e] + start, h + start, s.height * s.width, C, part + 2 * EC + e * C * C);
      }
    }
  }
  std::vector<double> found(count);
  add_up(parts, pieces, count, found.data());
  for (int64_t i = 0; i < EC; ++i) total[i] = T(found[i]), along[i] = T(found[EC + i]);
  for (int64_t i = 0; i < EC * C; ++i) products[i] = T(found[2 * EC + i]);
  for (int64_t e = 0; skip && e < s.edges; ++e) {
    skip[e] = T(found[passes + e]);
    pool[e] = T(found[passes + s.edges + e]);
  }
}

// out = a*g + b*y3 + constant, a channel each: batch norm's backward once its sums are known.
template <typename T, typename Y>
void norm_backward(const T* const* grads, const Y* y3, const T* a, const T* b, const T* constant,
                   Y* out, Shape s, int threads) {
  const int64_t C = s.channels, EC = s.batched();
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t line = 0; line < s.images * s.height; ++line)
    by_blocks<T>(s, [&](int64_t e, int64_t c, auto edges, auto block) {
      using V = decltype(block);
      constexpr int64_t E = decltype(edges)::value;
      V gain[E], slope[E], rest[E];
      for (int64_t k = 0; k < E; ++k) {
        gain[k] = load<V>(a + (e + k) * C + c);
        slope[k] = load<V>(b + (e + k) * C + c);
        rest[k] = load<V>(constant + (e + k) * C + c);
      }
      for (int64_t n = line * s.width; n < (line + 1) * s.width; ++n)
        for (int64_t k = 0; k < E; ++k) {
          const int64_t j = n * EC + (e + k) * C + c;
          store(out + j, gain[k] * load<V>(grads[e + k] + n * C + c) +
                             slope[k] * load<V>(y3 + j) + rest[k]);
        }
    });
}

// dh = dr + sum_e pointwise_e^T*g_e + back^T*r + constant where r > 0, + sum_e skip_e*g_e + the average
// pool's backward of sum_e pool_e*g_e; dh may lie over dr. The 1x1 convolutions as [E*C, C], back [C, C].
template <typename T, typename Y>
void gradient(const T* const* grads, const T* rectified, const T* pointwise, const T* back,
              const T* constant, const T* skip, const T* pool, const Y* dr, T* dh, Shape s,
              int threads) {
  const int64_t C = s.channels, row = s.row(), height = s.height;
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> ring(3 * row), spare(row), spread(row);
#pragma omp for schedule(static)
    for (int64_t b = 0; b < s.images; ++b) {
      auto shares = [&](int64_t y) {  // row y of sum_e pool_e*g_e over the windows' counts
        T* out = ring.data() + (y % 3) * row;
        const int64_t start = b * s.image() + y * row;
        for (int64_t i = 0; i < row; ++i) out[i] = pool[0] * grads[0][start + i];
        for (int64_t e = 1; e < s.edges; ++e)
          for (int64_t i = 0; i < row; ++i) out[i] += pool[e] * grads[e][start + i];
        share(out, s.width, C);
        const T rows = T(1) / reach(y, height);
        for (int64_t i = 0; i < row; ++i) out[i] *= rows;
      };
      shares(0);
      for (int64_t y = 0; y < height; ++y) {
        if (y + 1 < height) shares(y + 1);
        if (y + 2 < height) {
          const int64_t next = b * s.image() + (y + 2) * row;
          for (int64_t e = 0; e < s.edges; ++e) prefetch(grads[e] + next, row);
          prefetch(rectified + next - row, row);
          prefetch(dr + next - row, row);
        }
        const int64_t start = b * s.image() + y * row;
        down([&](int64_t other) { return ring.data() + (other % 3) * row; }, y, height,
             spare.data(), row);
        across(spare.data(), spread.data(), T(1), s.width, C);
        by_columns<T>(C, [&](int64_t c, auto blocks, auto block) {
          using V = decltype(block);
          constexpr int64_t K = decltype(blocks)::value, W = sizeof(V) / sizeof(T);
          by_pixels<pixels_of(K)>(s.width, [&](int64_t first, auto pixels) {
            constexpr int64_t P = decltype(pixels)::value;
            const int64_t i = start + first * C;
            V sum[K][P];
            for (int64_t k = 0; k < K; ++k)
              for (int64_t p = 0; p < P; ++p)
                sum[k][p] = load<V>(dr + i + p * C + c + k * W) + load<V>(constant + c + k * W);
            for (int64_t e = 0; e < s.edges; ++e)
              multiply(grads[e] + i, C, pointwise + e * C * C + c, C, W, sum);
            multiply(rectified + i, C, back + c, C, W, sum);
            for (int64_t p = 0; p < P; ++p)
              for (int64_t k = 0; k < K; ++k) {
                const int64_t at = i + p * C + c + k * W;
                const V nothing{};
                V found = load<V>(rectified + at) > nothing ? sum[k][p] : nothing;
                found += load<V>(spread.data() + (first + p) * C + c + k * W);
                for (int64_t e = 0; e < s.edges; ++e) found += skip[e] * load<V>(grads[e] + at);
                store(dh + at, found);
              }
          });
        });
      }
    }
  }
}
