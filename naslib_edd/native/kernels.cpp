// Passes over images in channels-last memory, [B, H, W, C], that PyTorch would make one by one.
//
// Called by naslib_edd/supernet/fused.py, whose PyTorch path is the slow twin of each function. A
// node has E edges: the batched tensors are [B, H, W, E*C], a tensor of one edge is [B, H, W, C].
// Sums run over a row of an image in T, over rows in double, and over images in their order, so the
// number of threads changes no result.

#include <cstdint>
#include <initializer_list>
#include <type_traits>
#include <vector>

namespace {

using std::int64_t;

struct Shape {
  int64_t images, height, width, channels, edges;
  int64_t row() const { return width * channels; }
  int64_t image() const { return height * row(); }
  int64_t batched() const { return channels * edges; }
};

int64_t reach(int64_t place, int64_t size) {  // pixels of a window of three that lie inside
  return 3 - (place == 0) - (place == size - 1);
}

// out[w] = in[w-1] + in[w] + in[w+1] over a row of pixels of C channels.
template <typename T>
void across(const T* in, T* out, int64_t width, int64_t channels) {
  const int64_t last = (width - 1) * channels;
  for (int64_t i = 0; i < width * channels; ++i) out[i] = in[i];
  for (int64_t i = 0; i < last; ++i) out[i] += in[i + channels];
  for (int64_t i = channels; i < width * channels; ++i) out[i] += in[i - channels];
}

// Row y of the 3x3 average pool of an image, the padding not counted; `spare` holds a row.
template <typename T>
void pool_row(const T* image, int64_t y, const Shape& s, T* out, T* spare) {
  const int64_t row = s.row();
  const T* here = image + y * row;
  for (int64_t i = 0; i < row; ++i) spare[i] = here[i];
  if (y > 0)
    for (int64_t i = 0; i < row; ++i) spare[i] += here[i - row];
  if (y + 1 < s.height)
    for (int64_t i = 0; i < row; ++i) spare[i] += here[i + row];
  across(spare, out, s.width, s.channels);
  for (int64_t w = 0; w < s.width; ++w) {
    const T share = T(1) / T(reach(y, s.height) * reach(w, s.width));
    for (int64_t c = 0; c < s.channels; ++c) out[w * s.channels + c] *= share;
  }
}

template <typename T>
void add_up(const std::vector<double>& parts, int64_t images, int64_t count, T* out) {
  for (int64_t i = 0; i < count; ++i) {
    double sum = 0;
    for (int64_t b = 0; b < images; ++b) sum += parts[b * count + i];
    out[i] = T(sum);
  }
}

// Mean and biased variance of each of the columns of [rows, count], `rows` split in `images` parts.
template <typename T>
void moments(const T* x, T* mean, T* variance, int64_t images, int64_t rows, int64_t count,
             int threads) {
  std::vector<double> parts(2 * images * count);
  const int64_t stretch = 32;
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t b = 0; b < images; ++b) {
    double *sums = parts.data() + 2 * b * count, *squares = sums + count;
    std::vector<T> one(count), two(count);
    T *__restrict sum = one.data(), *__restrict square = two.data();
    for (int64_t begin = 0; begin < rows; begin += stretch) {
      const int64_t end = begin + stretch < rows ? begin + stretch : rows;
      for (int64_t c = 0; c < count; ++c) sum[c] = square[c] = 0;
      for (int64_t r = begin; r < end; ++r) {
        const T* here = x + (b * rows + r) * count;
        for (int64_t c = 0; c < count; ++c) {
          const T value = here[c] - x[c];  // about the first row: no digits are lost to the mean
          sum[c] += value;
          square[c] += value * value;
        }
      }
      for (int64_t c = 0; c < count; ++c) sums[c] += sum[c], squares[c] += square[c];
    }
  }
  std::vector<double> total(2 * count);
  add_up(parts, images, 2 * count, total.data());
  const double n = double(images) * double(rows);
  for (int64_t c = 0; c < count; ++c) {
    const double offset = total[c] / n;
    const double spread = total[count + c] / n - offset * offset;
    mean[c] = T(double(x[c]) + offset);
    variance[c] = T(spread > 0 ? spread : 0);
  }
}

template <typename T>
inline T rectified_of(T value) {
  return value > T(0) || value != value ? value : T(0);  // no NaN is lost
}

// r = ReLU(h) of [rows, count], and the mean of r's columns; `rows` in each of `images` parts.
template <typename T>
void rectify(const T* h, T* r, T* mean, int64_t images, int64_t rows, int64_t count, int threads) {
  std::vector<double> parts(images * count);
#pragma omp parallel for schedule(static) num_threads(threads)
  for (int64_t b = 0; b < images; ++b) {
    std::vector<T> one(count);
    T* __restrict sum = one.data();
    for (int64_t i = 0; i < rows; ++i) {
      const T* __restrict from = h + (b * rows + i) * count;
      T* __restrict to = r + (b * rows + i) * count;
      for (int64_t c = 0; c < count; ++c) {
        to[c] = rectified_of(from[c]);
        sum[c] += to[c];
      }
      if (i % 32 == 31 || i == rows - 1)
        for (int64_t c = 0; c < count; ++c) parts[b * count + c] += sum[c], sum[c] = 0;
    }
  }
  std::vector<double> total(count);
  add_up(parts, images, count, total.data());
  for (int64_t c = 0; c < count; ++c) mean[c] = T(total[c] / (double(images) * double(rows)));
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

// totals_e = before_e + scale*y3_e + shift + pointwise_e*ReLU(h) + skip_e*h + pool_e*average_pool(h),
// the 1x1 convolutions of all edges as [C, E*C].
template <typename T>
void forward(const T* h, const T* pointwise, const T* y3, const T* scale, const T* shift,
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
          by_pixels(s.width, [&](int64_t first, auto pixels) {
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

// What the backward pass needs of sums: total = sum g; along = sum g*(y3 - mean);
// skip_e = <h, g_e>; pool_e = <average_pool(h), g_e>.
template <typename T>
void sums(const T* const* grads, const T* y3, const T* h, const T* mean, T* total, T* along,
          T* skip, T* pool, Shape s, int threads) {
  const int64_t C = s.channels, EC = s.batched(), row = s.row();
  const int64_t count = 2 * EC + 2 * s.edges;
  std::vector<double> parts(s.images * count);
#pragma omp parallel num_threads(threads)
  {
    std::vector<T> pooled(row), spare(row);
#pragma omp for schedule(static)
    for (int64_t b = 0; b < s.images; ++b) {
      double* part = parts.data() + b * count;
      for (int64_t y = 0; y < s.height; ++y) {
        const int64_t start = b * s.image() + y * row;
        if (skip) pool_row(h + b * s.image(), y, s, pooled.data(), spare.data());
        by_blocks<T>(s, [&](int64_t e, int64_t c, auto edges, auto block) {
          using V = decltype(block);
          constexpr int64_t E = decltype(edges)::value;
          V centre[E], sum[E] = {}, product[E] = {}, first[E] = {}, second[E] = {};
          for (int64_t k = 0; k < E; ++k) centre[k] = load<V>(mean + (e + k) * C + c);
          for (int64_t w = 0; w < s.width; ++w) {
            const int64_t i = start + w * C + c, j = (start / C + w) * EC + e * C + c;
            const V value = load<V>(h + i), near = load<V>(pooled.data() + w * C + c);
            for (int64_t k = 0; k < E; ++k) {
              const V g = load<V>(grads[e + k] + i);
              sum[k] += g;
              product[k] += g * (load<V>(y3 + j + k * C) - centre[k]);
              if (skip) {
                first[k] += g * value;
                second[k] += g * near;
              }
            }
          }
          for (int64_t k = 0; k < E; ++k)
            for (uint64_t v = 0; v < sizeof(V) / sizeof(T); ++v) {
              part[(e + k) * C + c + v] += sum[k][v];
              part[EC + (e + k) * C + c + v] += product[k][v];
              part[2 * EC + e + k] += first[k][v];
              part[2 * EC + s.edges + e + k] += second[k][v];
            }
        });
      }
    }
  }
  std::vector<double> found(count);
  add_up(parts, s.images, count, found.data());
  for (int64_t i = 0; i < EC; ++i) total[i] = T(found[i]), along[i] = T(found[EC + i]);
  for (int64_t e = 0; skip && e < s.edges; ++e) {
    skip[e] = T(found[2 * EC + e]);
    pool[e] = T(found[2 * EC + s.edges + e]);
  }
}

// out = a*g + b*y3 + constant, a channel each: batch norm's backward once its sums are known.
template <typename T>
void norm_backward(const T* const* grads, const T* y3, const T* a, const T* b, const T* constant,
                   T* out, Shape s, int threads) {
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

// dh = dr + sum_e pointwise_e^T*g_e + pull*r + constant where r > 0, + sum_e skip_e*g_e + the average
// pool's backward of sum_e pool_e*g_e; written over dr. The 1x1 convolutions as [E*C, C], pull [C, C].
template <typename T>
void gradient(const T* const* grads, const T* rectified, const T* pointwise, const T* pull,
              const T* constant, const T* skip, const T* pool, T* dr, Shape s, int threads) {
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
        for (int64_t w = 0; w < s.width; ++w) {
          const T share = T(1) / T(reach(y, height) * reach(w, s.width));
          for (int64_t c = 0; c < C; ++c) out[w * C + c] *= share;
        }
      };
      shares(0);
      for (int64_t y = 0; y < height; ++y) {
        if (y + 1 < height) shares(y + 1);
        const int64_t start = b * s.image() + y * row;
        const T* here = ring.data() + (y % 3) * row;
        for (int64_t i = 0; i < row; ++i) spare[i] = here[i];
        for (int64_t other : {y - 1, y + 1})
          if (other >= 0 && other < height) {
            const T* there = ring.data() + (other % 3) * row;
            for (int64_t i = 0; i < row; ++i) spare[i] += there[i];
          }
        across(spare.data(), spread.data(), s.width, C);
        const Shape one{s.images, s.height, s.width, C, 1};
        by_blocks<T>(one, [&](int64_t, int64_t c, auto, auto block) {
          using V = decltype(block);
          const V rest = load<V>(constant + c);
          by_pixels(s.width, [&](int64_t first, auto pixels) {
            constexpr int64_t P = decltype(pixels)::value;
            const int64_t i = start + first * C;
            V sum[1][P];
            for (int64_t p = 0; p < P; ++p) sum[0][p] = load<V>(dr + i + p * C + c) + rest;
            for (int64_t e = 0; e < s.edges; ++e)
              multiply(grads[e] + i, C, pointwise + e * C * C + c, C, 0, sum);
            multiply(rectified + i, C, pull + c, C, 0, sum);
            for (int64_t p = 0; p < P; ++p) {
              const int64_t at = i + p * C + c;
              const V nothing{};
              V found = load<V>(rectified + at) > nothing ? sum[0][p] : nothing;
              found += load<V>(spread.data() + (first + p) * C + c);
              for (int64_t e = 0; e < s.edges; ++e) found += skip[e] * load<V>(grads[e] + at);
              store(dr + at, found);
            }
          });
        });
      }
    }
  }
}

}  // namespace

#define EXPORT(T, name)                                                                           \
  extern "C" void moments_##name(const T* x, T* mean, T* variance, int64_t images, int64_t rows,  \
                                 int64_t count, int threads) {                                    \
    moments<T>(x, mean, variance, images, rows, count, threads);                                  \
  }                                                                                               \
  extern "C" void rectify_##name(const T* h, T* r, T* mean, int64_t images, int64_t rows,         \
                                 int64_t count, int threads) {                                    \
    rectify<T>(h, r, mean, images, rows, count, threads);                                         \
  }                                                                                               \
  extern "C" void forward_##name(const T* h, const T* pointwise, const T* y3, const T* scale,            \
                                 const T* shift, const T* skip, const T* pool,                    \
                                 const T* const* before, T* const* totals, int64_t images,        \
                                 int64_t height, int64_t width, int64_t channels, int64_t edges,  \
                                 int threads) {                                                   \
    forward<T>(h, pointwise, y3, scale, shift, skip, pool, before, totals,                               \
               {images, height, width, channels, edges}, threads);                                \
  }                                                                                               \
  extern "C" void sums_##name(const T* const* grads, const T* y3, const T* h, const T* mean,      \
                              T* total, T* along, T* skip, T* pool, int64_t images,  \
                              int64_t height, int64_t width, int64_t channels, int64_t edges,     \
                              int threads) {                                                      \
    sums<T>(grads, y3, h, mean, total, along, skip, pool,                               \
            {images, height, width, channels, edges}, threads);                                   \
  }                                                                                               \
  extern "C" void norm_backward_##name(const T* const* grads, const T* y3, const T* a,            \
                                       const T* b, const T* constant, T* out, int64_t images,     \
                                       int64_t height, int64_t width, int64_t channels,           \
                                       int64_t edges, int threads) {                              \
    norm_backward<T>(grads, y3, a, b, constant, out, {images, height, width, channels, edges},    \
                     threads);                                                                    \
  }                                                                                               \
  extern "C" void gradient_##name(const T* const* grads, const T* rectified, const T* pointwise,         \
                                  const T* pull, const T* constant, const T* skip, const T* pool,  \
                                  T* dr, int64_t images, int64_t height, int64_t width,           \
                                  int64_t channels, int64_t edges, int threads) {                 \
    gradient<T>(grads, rectified, pointwise, pull, constant, skip, pool, dr,                             \
                {images, height, width, channels, edges}, threads);                               \
  }

EXPORT(float, f32)
EXPORT(double, f64)
