// Calls every kernel on made-up numbers and prints what it finds: equal on every instruction set.

#include <cstdio>

#include "kernels.cpp"
#include "pointwise.h"

template <typename T>
std::vector<T> made(int64_t count, uint32_t seed) {
  std::vector<T> values(count);
  uint32_t state = seed * 2654435761u + 12345u;
  for (T& value : values) {
    state = state * 1664525u + 1013904223u;
    value = T(double(state >> 8) / (1 << 23) - 1);
  }
  return values;
}

template <typename T>
void show(const char* name, const std::vector<T>& values) {
  for (T value : values) std::printf("%d %s %.17g\n", int(8 * sizeof(T)), name, double(value));
}

template <typename T>
void all(int64_t B, int64_t H, int64_t W, int64_t C, int64_t E) {
  const Shape s{B, H, W, C, E};
  const int64_t n = B * H * W * C;
  auto h = made<T>(n, 1), y3 = made<T>(n * E, 2), kernel = made<T>(E * C * C, 3);
  auto skip = made<T>(E, 4), pool = made<T>(E, 5), dr = made<T>(n, 6);
  std::vector<std::vector<T>> grads, totals(E, std::vector<T>(n)), held;
  std::vector<const T*> g, before;
  std::vector<T*> to;
  for (int64_t e = 0; e < E; ++e) {
    grads.push_back(made<T>(n, 10 + e)), held.push_back(made<T>(n, 20 + e));
  }
  for (int64_t e = 0; e < E; ++e) {
    g.push_back(grads[e].data()), to.push_back(totals[e].data());
    before.push_back(e % 2 ? held[e].data() : nullptr);
  }
  std::vector<T> r(n), m(C), S(C * C), m3(E * C), v3(E * C), pooled(n), back(n);
  rectify<T>(h.data(), r.data(), nullptr, m.data(), S.data(), B, H * W, C, 2);
  moments<T>(y3.data(), m3.data(), v3.data(), B, H * W, E * C, 2);
  average_pool<T>(h.data(), pooled.data(), s, 2);
  average_pool_backward<T>(h.data(), back.data(), s, 2);
  show("rectified", r), show("mean", m), show("covariance", S), show("mean3", m3);
  show("variance3", v3), show("pool", pooled), show("pool_backward", back);

  std::vector<T> beta(E, T(.5)), folded(C * E * C), spread(E * C * C), factor(E * C),
      deviation(E * C), gain3(E * C), inverse3(E * C), shift(E * C), mean1(E * C), variance1(E * C);
  fold<T>(kernel.data(), m.data(), S.data(), beta.data(), beta.data(), m3.data(), v3.data(), 1e-3,
          1e-3, folded.data(), spread.data(), factor.data(), deviation.data(), gain3.data(),
          inverse3.data(), shift.data(), mean1.data(), variance1.data(), C, E);
  forward<T>(h.data(), folded.data(), y3.data(), gain3.data(), shift.data(), skip.data(),
             pool.data(), before.data(), to.data(), s, 2);
  for (auto& total : totals) show("total", total);

  std::vector<T> total(E * C), along(E * C), products(E * C * C), of_skip(E), of_pool(E);
  sums<T>(g.data(), y3.data(), h.data(), m3.data(), total.data(), along.data(), products.data(),
          of_skip.data(), of_pool.data(), s, 2);
  show("sum", total), show("along", along), show("products", products);
  show("of_skip", of_skip), show("of_pool", of_pool);

  std::vector<T> slope(E * C), rest(E * C), weighted(E * C * C), pull(C * C), constant(C),
      of_beta1(E), of_beta3(E), of_kernel(E * C * C), dy3(n * E);
  unfold<T>(kernel.data(), m.data(), spread.data(), factor.data(), deviation.data(), gain3.data(),
            inverse3.data(), m3.data(), total.data(), along.data(), products.data(),
            double(B * H * W), slope.data(), rest.data(), weighted.data(), pull.data(),
            constant.data(), of_beta1.data(), of_beta3.data(), of_kernel.data(), C, E);
  norm_backward<T>(g.data(), y3.data(), gain3.data(), slope.data(), rest.data(), dy3.data(), s, 2);
  gradient<T>(g.data(), r.data(), weighted.data(), pull.data(), constant.data(), skip.data(),
              pool.data(), dr.data(), dr.data(), s, 2);
  std::vector<T> around(E * C * 9 * C), y(n * E), mean(E * C), spread3(E * C), dx(n);
  const auto kernel3 = made<T>(E * C * 9 * C, 7);
  const Tiling tiles{B, H, W};
  winograd<T>(r.data(), kernel3.data(), y.data(), mean.data(), spread3.data(), tiles, C, E * C, 2);
  const NormGradient<T> of{g.data(), y3.data(), gain3.data(), slope.data(), rest.data(), C, E};
  winograd_backward<T>(of, r.data(), kernel3.data(), dx.data(), around.data(), tiles, 2);
  show("winograd", y), show("winograd_mean", mean), show("winograd_variance", spread3);
  show("winograd_dx", dx), show("winograd_dkernel", around);
  std::vector<T> only(E * C * C);
  pointwise<T>(r.data(), kernel.data(), y.data(), mean.data(), spread3.data(), tiles, C, E * C, 2);
  pointwise_backward<T>(of, r.data(), kernel.data(), dx.data(), only.data(), tiles, 2);
  show("pointwise", y), show("pointwise_mean", mean), show("pointwise_variance", spread3);
  show("pointwise_dx", dx), show("pointwise_dkernel", only);
  if (E < 4) {
    std::vector<int64_t> strides(E, E * C);
    std::vector<const T*> xs, gains, centres;
    for (int64_t e = 0; e < E; ++e) {
      xs.push_back(y3.data() + e * C);
      gains.push_back(e % 2 ? nullptr : gain3.data() + e * C);
      centres.push_back(e % 2 ? nullptr : m3.data() + e * C);
    }
    std::vector<T> value(n), positive(n), sum(C), products(E * C), gathered(n);
    combine<T>(xs.data(), strides.data(), gains.data(), centres.data(), value.data(),
               positive.data(), s, 2);
    arriving<T>(h.data(), xs.data(), strides.data(), centres.data(), sum.data(), products.data(), s,
                2);
    gather<T>(h.data(), pooled.data(), r.data(), g.data(), gathered.data(), s, 2);
    show("value", value), show("positive", positive), show("arriving", sum);
    show("arriving_along", products), show("gathered", gathered);
  }
  show("of_beta1", of_beta1), show("of_beta3", of_beta3), show("of_kernel", of_kernel);
  show("dy3", dy3), show("dh", dr);
}

int main() {
  for (int64_t C : {1, 3, 8, 19, 32})
    for (int64_t E : {1, 2, 3, 4}) {
      all<double>(2, 3, 9, C, E);
      all<float>(2, 3, 9, C, E);
    }
}
