// The transforms of Winograd's minimal filtering F(4x4, 3x3), for the points 0, 1, -1, 2, -2 and
// infinity (Lavin & Gray, CVPR 2016), each of one row or column, and their adjoints.

#pragma once

#include "lines.h"

constexpr int64_t OUT = 4, IN = 6, PLACES = IN * IN;  // pixels of a tile along one side, and places

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
